"""What is found out about files: proposals with reasons, questions and notes."""

from __future__ import annotations

from dataclasses import dataclass, field

from dynst_core.intake.choices import Choices, Proposal, Question
from dynst_core.intake.lists import joined

FILE_NAME, ITS_PLACE = "file name", "its place"
UNSTATED_UNIT = "units"
ROWS = "rows"


@dataclass
class Roles:
    """What is found out about a set of tables.

    Attributes:
        settings: proposals by setting, as `Choices` hold them.
        proposals: the same with reasons, for people.
        questions: what is not known.
        notes: what was noticed, one sentence each.
    """

    choices: Choices
    settings: dict[str, str | tuple[str, ...]] = field(default_factory=dict)
    proposals: list[Proposal] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def stated(self, setting: str) -> bool:
        """Whether the planner states a setting."""
        return getattr(self.choices, setting) not in ("", ())

    def propose(self, setting: str, value: str | tuple[str, ...], reason: str) -> None:
        """Take a setting as stated, else as proposed."""
        own = self.stated(setting)
        taken = getattr(self.choices, setting) if own else value
        self.settings[setting] = taken
        shown = joined(setting, taken) if isinstance(taken, tuple) else taken
        self.proposals.append(Proposal(setting, shown, "as stated" if own else reason, own))

    def ask(self, setting: str, text: str, *options: str, required: bool = True) -> None:
        """Ask for a setting unless it is stated."""
        if self.stated(setting):
            if setting not in self.settings:
                self.propose(setting, "", "")
        else:
            self.questions.append(Question(setting, text, options, required))

    @property
    def resolved(self) -> Choices:
        """What is stated and what is proposed, together."""
        return self.choices.filled(Choices(**self.settings))  # type: ignore[arg-type]
