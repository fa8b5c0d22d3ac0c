"""Writes work/fixtures/softmax_regression.json: rows of features with their classes, and the probabilities by which scikit-learn's
multinomial logistic regression of them is known. `src/compute/learn` must agree.

    python make_softmax.py
"""
import json
import os

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from paths import WORK

L2 = 5.0


def main():
    random = np.random.default_rng(20201116)
    classes = random.integers(0, 3, 60)
    # Columns of very different sizes, one of which is the same everywhere. Half-precision numbers, as features are kept.
    centers = random.normal(size=(3, 6))
    rows = (centers[classes] + random.normal(size=(60, 6))) * [1, 10, 0.1, 1, 1, 0] + [0, 100, 0, -3, 0, 2]
    rows = rows.astype(np.float16).astype(np.float64)
    scaled = StandardScaler().fit_transform(rows)
    model = LogisticRegression(C=1 / L2, tol=1e-12, max_iter=10_000).fit(scaled, classes)
    fixture = dict(l2=L2, rows=rows.tolist(), classes=classes.tolist(), probabilities=model.predict_proba(scaled).tolist())
    folder = os.path.join(WORK, "fixtures")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "softmax_regression.json"), "w", encoding="utf-8") as f:
        json.dump(fixture, f, separators=(",", ":"))
        f.write("\n")


if __name__ == "__main__":
    main()
