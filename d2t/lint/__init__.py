"""What will not translate, said before anything is built: findings for each provider, ignores, choice and fixes. Pure."""

from d2t.lint.apply import edited
from d2t.lint.choice import Choice, ChoiceError
from d2t.lint.gather import Ask
from d2t.lint.run import lint, repaired

__all__ = ["Ask", "Choice", "ChoiceError", "edited", "lint", "repaired"]
