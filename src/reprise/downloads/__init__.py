"""What is downloaded: sources, transfer, receipts, archives."""
