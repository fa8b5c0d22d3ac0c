"""Reads CoNLL-2003 files. Needs no package beyond Python's own."""


def read(path):
    """Documents; a document is a list of sentences, a sentence is (words, {(start, end): label}), in words, end exclusive."""
    docs, words, tags = [], [], []

    def flush():
        if words:
            docs[-1].append((list(words), bio_spans(tags)))
            words.clear()
            tags.clear()

    for line in open(path, encoding="utf-8"):
        cols = line.split()
        if not cols:
            flush()
        elif cols[0] == "-DOCSTART-":
            flush()
            docs.append([])
        else:
            words.append(cols[0])
            tags.append(cols[-1])
    flush()
    return [d for d in docs if d]


def bio_spans(tags):
    """IOB2 tags to {(start, end): label}. An I- that does not go on with the label before it opens a new span."""
    spans, start = {}, None
    for i, tag in enumerate([*tags, "O"]):
        if start is not None and not (tag.startswith("I-") and tag[2:] == tags[start][2:]):
            spans[start, i] = tags[start][2:]
            start = None
        if start is None and tag != "O":
            start = i
    return spans
