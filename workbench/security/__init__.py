"""What the host makes of findings: policy, suppressions, baselines, trust tiers, SARIF."""
