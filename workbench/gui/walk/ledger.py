"""What the walkthrough did, and what it claims: facts, claims that hold or not, pictures. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that has to be so. ``detail`` says what was found when it is not."""

    text: str
    holds: bool
    detail: str = ""


@dataclass(slots=True)
class Section:
    """One step of the main job."""

    title: str
    facts: list[str] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    pictures: list[tuple[str, str]] = field(default_factory=list)
    block: str = ""


class Ledger:
    """All sections in order; every entry is also told as it comes, line by line."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.sections: list[Section] = []
        self._tell = tell

    def begin(self, title: str) -> None:
        """Begin a step."""
        self.sections.append(Section(title))
        self._tell(f"{len(self.sections)}. {title}")

    def fact(self, text: str) -> None:
        """Note what was done or found."""
        self.sections[-1].facts.append(text)
        self._tell(f"   {text}")

    def claim(self, text: str, holds: bool, detail: str = "") -> bool:
        """Note what has to be so, and whether it is; return that."""
        self.sections[-1].claims.append(Claim(text, holds, detail))
        self._tell(
            f"   {'ok' if holds else 'FAILED'}: {text}"
            + (f" ({detail})" if detail and not holds else "")
        )
        return holds

    def picture(self, name: str, title: str) -> None:
        """Note a picture that was drawn."""
        self.sections[-1].pictures.append((name, title))

    def block(self, text: str) -> None:
        """Keep a piece of text as it is, such as a commit."""
        self.sections[-1].block = text

    @property
    def claims(self) -> tuple[Claim, ...]:
        """All claims."""
        return tuple(claim for section in self.sections for claim in section.claims)

    @property
    def failed(self) -> tuple[Claim, ...]:
        """The claims that do not hold."""
        return tuple(claim for claim in self.claims if not claim.holds)

    @property
    def pictures(self) -> tuple[tuple[str, str], ...]:
        """All pictures, as (file name, title)."""
        return tuple(picture for section in self.sections for picture in section.pictures)
