"""Spans of observability tools made conversations: OTLP, Langfuse, LangSmith."""
