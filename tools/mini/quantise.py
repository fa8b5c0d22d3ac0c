"""`luke convert --dtype q4 --word-table q4` in training: what a matrix is after it has been stored in 4 bits.

A start that was itself stored so (multilingual-e5-small, from its package) lies on the very grid that storing rounds to, and
fine-tuning moves most weights by less than half a step: rounding at the end alone would undo it. Here the weights that compute
are rounded in every step and the f32 masters take the gradient, so the model learns with the rounding.
"""
import torch

GROUP = 32
WORDS = "luke.embeddings.word_embeddings.weight"


def quantised(name):
    """Whether convert stores a tensor in 4 bits: the matrices that multiply and the word table, not the other tables, vectors or heads."""
    return name == WORDS or name.endswith(".weight") and (".layer." in name or "entity_embedding_dense" in name) and "LayerNorm" not in name


def scales(w):
    """The scale of each group of 32 in a row, [rows, groups, 1]: of seven near the largest number's, the one of least error."""
    g = w.float().view(w.size(0), -1, GROUP)
    largest = g.gather(2, g.abs().argmax(2, keepdim=True))
    best, error = None, None
    for steps in range(14, 21):
        scale = (largest / (-0.5 * steps)).half().float()
        e = (rounded(g, scale) - g).square().sum(2, keepdim=True)
        best, error = (scale, e) if best is None else (torch.where(e < error, scale, best), torch.minimum(e, error))
    return best


def rounded(g, scale):
    inverse = torch.where(scale == 0, 0.0, 1 / scale)
    return torch.clamp(torch.round(g * inverse), -8, 7) * scale


class Rounding:
    """Rounds tensors by name. Scales are found anew every `every` calls, as that takes most of the time, or for one call, `fresh`."""

    def __init__(self, every=50):
        self.every, self.calls, self.scales = every, 0, {}

    def __call__(self, tensors, fresh=False):
        found = self.scales
        if fresh or self.calls % self.every == 0:
            found = {n: scales(w) for n, w in tensors.items() if quantised(n)}
        if not fresh:
            self.scales, self.calls = found, self.calls + 1
        of = lambda n, w: rounded(w.view(w.size(0), -1, GROUP), found[n]).view_as(w)
        return {n: of(n, w) if n in found else w for n, w in tensors.items()}
