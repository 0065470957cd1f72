"""What a report consists of: findings, verdict, baseline and score lookup."""
