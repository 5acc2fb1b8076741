pub mod greeting;
