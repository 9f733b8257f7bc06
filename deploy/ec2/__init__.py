"""LoopGenie on one EC2 instance: Debian, nginx, two of the app behind it, the trails on a volume of their own."""
