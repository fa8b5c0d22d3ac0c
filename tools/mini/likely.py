"""Which spans the runtime looks at with `candidates: "likely"`, and which sentences it reads in small letters: the rules of
`src/tasks/ner/likely.rs` and `capitals.rs`, which say why. `parity.py` compares the entities found with the runtime's."""

INSIDE = set(
    "al and at ben bin d da das de del della den der des di do dos du e el et for i ibn in l la le les of on s t the to ul ur van von "
    "y zu zum zur 's".split()
)
START = set("al bin da de del della di du el la le van von".split())
ENGLISH = set(
    "and are been but by could for from has have he his its not of or she than that the their there they this to was we were which who "
    "will with would you your".split()
)
ABBREVIATION = 5
SIGNS = {  # inside, ends, bracket
    "(": (True, False, 1), ")": (True, True, -1), **{sign: (True, False, 0) for sign in "- – ' ’ & , / : +".split()},
}


def is_lower(word):
    """Whether every character is a small letter."""
    return all(c.islower() for c in word)


def is_name(word):
    """Whether a word has a capital, or a letter of a script that has none."""
    return any(c.isupper() or c.isalpha() and not c.islower() for c in word)


def are_capitals(words):
    """Whether a sentence is in capitals: no small letter, and two words of two capitals."""
    if any(c.islower() for w in words for c in w):
        return False
    return sum(sum(c.isupper() for c in w) >= 2 for w in words) >= 2


def lower(word):
    """A word in small letters, each of which is as long in UTF-8 as it was."""
    small = lambda c: s if len(s := c.lower()) == 1 and len(s.encode()) == len(c.encode()) else c
    return "".join(map(small, word))


def of_word(words, i):
    """(starts, inside, ends, names, bracket) of a word in a sentence whose letters tell."""
    at = lambda k: words[k] if 0 <= k < len(words) else ""
    word, after, before = words[i], at(i + 1), at(i - 1)
    if is_name(word):
        return True, True, True, True, 0
    if any(c.isnumeric() for c in word):
        return is_name(after) or after in (".", ","), True, is_name(before) or before in ("-", ",", ".", "/"), False, 0
    if any(c.isalpha() for c in word):
        before_hyphen = after == "-" and is_name(at(i + 2))
        behind_hyphen = before == "-" and i >= 2 and (is_name(words[i - 2]) or words[i - 2] == ".")
        genitive = word == "'s" or (word == "s" and before == "'")
        particle = word in START and (is_name(after) or after == "-" or after in INSIDE)
        inside = before_hyphen or behind_hyphen or word.startswith("-") or word in INSIDE
        return before_hyphen or particle, inside, behind_hyphen or genitive, False, 0
    if word in (".", "$"):
        return False, True, is_name(before) and len(before) <= ABBREVIATION, False, 0
    if word == "!":
        return False, True, is_name(before), False, 0
    inside, ends, bracket = SIGNS.get(word, (False, False, 0))
    return False, inside, ends, False, bracket


def kept(sentences):
    """For each sentence (a list of words) of a text, whether a span (first word, end) of it is looked at: a function."""
    words = [w for sentence in sentences for w in sentence]
    letters = sum(any(c.isalpha() for c in w) for w in words)
    small = [w for w in words if is_lower(w)]
    names = sum(is_name(w) and len(w.encode()) > 1 for sentence in sentences for w in sentence[1:])
    text_tells = names * 50 >= letters and sum(w in ENGLISH for w in small) * 20 >= len(small)
    return [of_sentence(sentence, text_tells) for sentence in sentences]


def of_sentence(words, text_tells):
    if text_tells and any(len(w) > 1 and any(c.islower() for c in w) for w in words):
        known = [of_word(words, i) for i in range(len(words))]
    else:
        known = [(True, True, True, any(c.isalnum() for c in w), 0) for w in words]
    outside, named, open_brackets = [0], [0], [0]
    for _, inside, _, names, bracket in known:
        outside.append(outside[-1] + (not inside))
        named.append(named[-1] + names)
        open_brackets.append(open_brackets[-1] + bracket)

    def keeps(first, end):
        all_inside = end - first < 3 or outside[first + 1] == outside[end - 1]
        whole_brackets = known[end - 1][4] == 0 or open_brackets[first] == open_brackets[end]
        return known[first][0] and known[end - 1][2] and all_inside and named[first] < named[end] and whole_brackets

    return keeps
