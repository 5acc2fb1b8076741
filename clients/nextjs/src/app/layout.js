import "./globals.css";

export const metadata = {
  title: "Code runner",
  description: "Type a program, run it, see what it prints while it runs.",
};

export default function Layout({ children }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
