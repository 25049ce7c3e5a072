"""Plugins: what they may import (``api``), how they are found, and how their jobs run."""
