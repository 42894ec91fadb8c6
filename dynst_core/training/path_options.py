"""How the training path goes from level to level."""

from __future__ import annotations

from dataclasses import dataclass, replace

FEW_LEFT = 0.925
"""Share removed from which a level keeps its own weights alone, as the first level does: what masks
of any size taught serves these levels least, for they are seldom so large or so small."""


@dataclass(frozen=True)
class PathOptions:
    """How the path goes from level to level.

    Attributes:
        exchanges: exchanges of sites tried at each level before any training.
        sure: standard errors by which such an exchange must lower the held-back error.
        gain: share of the held-back error by which it must, too.
        sure_alone, gain_alone: the same for one towards the mask of the other order, whatever it
            leaves unknown.
        any_steps: gradient steps at masks of any size, before the first level, at the least.
        any_epochs: how often these go through all training windows, at the least.
        level_steps: gradient steps at each level, at the least.
        level_epochs: how often these go through all training windows, at the least.
        level_rate: top of each level's learning rate, as a share of that at masks of any size.
        rounds: drop-and-regrow rounds at a level, each followed by training.
        frozen_from: share of the rounds after which the mask stands still.
        proposals: exchanges tried in a level's first round; later rounds try fewer.
        certainty: standard errors by which such an exchange must lower the forecaster's error.
        selection_windows: selection windows that judge a mask, spread over the block.
        selection_queries: forecast sites that judge a mask when there are more.
        flip: chance of each kept site to be closed, and a removed one opened, in a training step.
        look_every: gradient steps at masks of any size between evaluations of the selection error.
        patience: of `any_steps`, those without a better one before the first level begins, where
            selection windows lie in one stretch, as in earlier versions; else all are taken.
        common: share of the weights that served masks of any size in those that a level stores.
            Between the two an error is lower than at either: Wortsman et al. 2022, "Robust
            fine-tuning of zero-shot models".
        short_decay: weight decay at the levels where patience ended the steps before them: the
            forecaster had begun to overfit a short record.
        short_rate: factor on the learning rate at these levels. What was overfitted fades
            with the product of rate and decay.
    """

    exchanges: int = 300
    sure: float = 2.5
    gain: float = 0.005
    sure_alone: float = 4.0
    gain_alone: float = 0.02
    any_steps: int = 1000
    any_epochs: float = 10.0
    level_steps: int = 240
    level_epochs: float = 2.75
    level_rate: float = 1.0
    rounds: int = 4
    frozen_from: float = 0.75
    proposals: int = 16
    certainty: float = 3.5
    selection_windows: int = 64
    selection_queries: int = 256
    flip: float = 0.03
    look_every: int = 50
    patience: int = 300
    common: float = 0.25
    short_decay: float = 2.0
    short_rate: float = 1.5

    def scaled(self, effort: float) -> PathOptions:
        """The same path with this factor on its steps; every level keeps at least one a round."""
        return replace(
            self,
            exchanges=round(self.exchanges * min(1.0, effort)),
            any_steps=max(1, round(self.any_steps * effort)),
            any_epochs=self.any_epochs * effort,
            level_steps=max(self.rounds, round(self.level_steps * effort)),
            level_epochs=self.level_epochs * effort,
        )

    def without_steps(self) -> PathOptions:
        """The same path for a forecaster in closed form: exchanges alone, no gradient steps."""
        return replace(self, any_steps=0, any_epochs=0, level_steps=0, level_epochs=0)
