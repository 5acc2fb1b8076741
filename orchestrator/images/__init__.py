"""Images: how they are built, proved, tagged, found again and kept true to what is served."""
