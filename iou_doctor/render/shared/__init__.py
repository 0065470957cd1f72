"""What several report formats have in common."""
