"""Messages of the model APIs: OpenAI chat and Responses, Anthropic messages."""
