"""SkillForge-style: failure analyst, diagnostician, optimiser; a creator grounded in documents.

After the description in arXiv 2604.08618: failures are analysed one by one, diagnosed in batches,
and the skill is edited after each batch, so that the next batch meets the edited skill. Schemas,
gate and batch size are not published; those here are our own. No prompt or code of it is used.
"""
