"""What a picture holds, to be compared with the numbers that it stands for."""


def labelled(ax) -> dict:
    """What the legend explains: label → artist."""
    handles, labels = ax.get_legend_handles_labels()
    return dict(zip(labels, handles, strict=True))
