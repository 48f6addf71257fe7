"""What is answered and when: the service in virtual time."""
