"""What has to hold before anything is applied: policy, approvals, confirmations, locks."""
