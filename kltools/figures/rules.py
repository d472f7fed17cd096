"""Figure of the page *Rules of the number*: two distributions pass through one noisy channel."""

import numpy as np

from kltools.divergence import kl_divergence
from kltools.explore import Band, Bars, Choice, Curve, Explorer, Panel, Points, Readout, Slider

LETTERS = "abcd"
SENT = {"p": np.array([4, 2, 1, 1]) / 8, "q": np.array([2, 1, 1, 4]) / 8}
GROUPS = {  # what becomes of the letters after the noise
    "nothing": (0, 1, 2, 3),
    "a and b": (0, 0, 2, 3),
    "c and d": (0, 1, 2, 2),
    "both pairs": (0, 0, 2, 2),
}
NOISE = np.round(np.arange(0, 1.01, 0.05), 2)
OFFSETS = {"p": 0.1, "q": 0.55}  # of a bar in the cell of its letter
WIDTH = 0.35


def _channel(noise: float, merged: str) -> np.ndarray:
    """Return the matrix from the letter sent to the letter that arrives, one row for each letter sent."""
    noisy = (1 - noise) * np.eye(4) + noise / 4
    return noisy @ np.eye(4)[list(GROUPS[merged])]


def _kept(noise: float, merged: str) -> float:
    channel = _channel(noise, merged)
    return kl_divergence(SENT["p"] @ channel, SENT["q"] @ channel, base=2)


def _lost(noise: float, merged: str) -> float:
    """Return the mean, over what arrives under P, of the divergence of what was sent, given what arrives."""
    ways = {name: sent[:, None] * _channel(noise, merged) for name, sent in SENT.items()}
    arrived = {name: joint.sum(axis=0) for name, joint in ways.items()}
    seen = arrived["p"] > 0
    guesses = [(ways[name] / np.where(seen, arrived[name], 1))[:, seen].T for name in "pq"]
    return float(arrived["p"][seen] @ kl_divergence(*guesses, base=2))


def _bars(name: str, noise: float, merged: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the bars of what arrives: those of a merged pair stand midway between its letters."""
    groups, places = np.array(GROUPS[merged]), np.arange(4)
    middles = [places[groups == place].mean() if place in groups else place for place in places]
    widths = np.where(np.isin(places, groups), WIDTH, 0)
    return np.add(middles, OFFSETS[name]), widths, SENT[name] @ _channel(noise, merged)


def noisy_channel() -> Explorer:
    """Make the figure of four letters that pass through noise and a merging, under P and under Q.

    Returns
    -------
    Explorer
        A slider for the noise and a choice of what is merged; D of what was sent, of what arrives, and the part lost.

    Notes
    -----
    Explained in the chapter *Rules of the number*.
    """
    sent = kl_divergence(SENT["p"], SENT["q"], base=2)

    def kept(merged):
        return [_kept(noise, merged) for noise in NOISE]

    return Explorer(
        title="Four letters through a noisy channel",
        parameters=[
            Slider("noise", "probability that a letter is redrawn", NOISE, 0, digits=2),
            Choice("merged", "merged on arrival", options=list(GROUPS), start="nothing"),
        ],
        panels=[
            Panel(
                "What arrives",
                xlabel="letter",
                ylabel="probability",
                xlim=(0, 4),
                ylim=(0, 1),
                xnames=[(place + 0.5, letter) for place, letter in enumerate(LETTERS)],
                marks=[
                    Bars(lambda noise, merged: _bars("p", noise, merged), "p", label="P"),
                    Bars(lambda noise, merged: _bars("q", noise, merged), "q", label="Q"),
                ],
            ),
            Panel(
                "What is left of the half bit",
                xlabel="noise",
                ylabel="bit",
                xlim=(0, 1),
                ylim=(0, 0.6),
                marks=[
                    Band(lambda merged: (kept(merged), np.full(len(NOISE), sent)), "neutral", x=NOISE, label="lost"),
                    Curve(kept, "accent", x=NOISE, label="D of what arrives"),
                    Points(lambda noise, merged: ([noise], [_kept(noise, merged)]), "accent"),
                ],
            ),
        ],
        readouts=[
            Readout("sent", "D of what was sent", lambda: sent, "bit", digits=6),
            Readout("kept", "D of what arrives", _kept, "bit", digits=6),
            Readout("lost", "mean D of what was sent, given what arrives", _lost, "bit", digits=6),
        ],
        sentence=(
            "With noise {noise} and {merged} merged, D falls from {sent} to {kept}. Given what arrives, what was sent "
            "still diverges by {lost} on average: that part is lost."
        ),
    )
