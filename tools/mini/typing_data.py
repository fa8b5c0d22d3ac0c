"""Mentions with coarse types, from Wikipedia's short descriptions: what an article is, its mentions are.

The type is that of the description's head noun ("1968 film by Stanley Kubrick" is a film, hence a work); descriptions whose head
is not in TYPES give nothing. A mention is the article's name in its own introduction or in another's.
"""
import random
import re

from wikipedia import base, summaries

HEADS = {
    "person": "king writer emperor philosopher poet president composer painter mathematician physicist leader filmmaker actor actress "
    "minister general founder novelist scientist polymath chemist artist singer author sultan player musician architect scholar "
    "politician playwright ruler statesman explorer inventor queen psychologist historian engineer activist physician pharaoh "
    "astronomer revolutionary prince saint director officer singer-songwriter economist journalist bishop dictator theologian dancer "
    "footballer monk sculptor biologist caliph naturalist commander businessman duke sociologist prophet khan chancellor jurist "
    "designer mystic anthropologist empress pianist magnate guitarist comedian boxer",
    "people": "people tribe ethnicity nation denomination dynasty",
    "organization": "company university organisation organization association institution department league church agency band union "
    "museum party corporation army library magazine newspaper broadcaster",
    "place": "city country capital state region river area sea lake island province kingdom metropolis territory mountain strait park "
    "peninsula archipelago municipality place site desert city-state republic continent prefecture volcano district gulf plateau "
    "microstate islands empire civilization confederation subregion settlement town village building temple palace castle bay ocean",
    "event": "war conflict wars conflicts event campaign invasion revolution battle genocide revolt crusade siege massacre treaty "
    "epidemic earthquake festival holiday",
    "work": "novel film book painting poem play opera novella treatise song tragedy statue magnum-opus comedy album sculpture ballet "
    "symphony epic franchise text",
    "organism": "species genus family order phylum clade suborder subfamily superfamily fish plant mammal bird rodent breed animal "
    "subspecies birds mammals plants insects tree shrub fruit vegetable insect reptile bacterium fungus",
    "substance": "element compound substance material acid alloy polymer mineral hormone liquid rock compounds drug protein metal gas "
    "medication molecule fuel oxide salt",
    "artifact": "device instrument machine tool weapon vehicle aircraft garment ship software toy computer furniture utensil clothing",
    "language": "language languages dialect alphabet script",
    "condition": "disease disorder inflammation infection cancer condition injury syndrome symptom illness",
    "idea": "concept theory philosophy study branch field science principle belief religion ideology doctrine law discipline method "
    "movement genre style technique subfield equation theorem",
    "astronomical object": "planet star galaxy constellation moon asteroid comet nebula",
}
TYPES = list(HEADS)
TYPE_OF = {head: name for name, heads in HEADS.items() for head in heads.split()}
END = re.compile(r" (?:in|of|by|from|that|between|for|on|who|which|with|to|and|used|at|during|since|as|or|made|known|found|where"
                 r"|having|formed|located|written|based|consisting|spoken|produced|caused|composed) ")


def type_of(page):
    text = re.sub(r"\(.*?\)|\b\d{4}[–-]\d{4}\b|\b\d{4}\b", "", page["description"]).split(",")[0]
    words = END.split(text + " ")[0].lower().split()
    kind = TYPE_OF.get(words[-1]) if words else None
    # "family" and "order" are of many things
    return None if kind == "organism" and not page["topic"].startswith("Biology") else kind


def mentions(src, most=6, seed=1):
    """[(title, text, start, end, type)]; at most `most` mentions of an article."""
    pages = summaries(src)
    known = {base(p["title"]): type_of(p) for p in pages if "(" not in p["title"]}
    rng, found = random.Random(seed), {}
    for p in pages:
        own = base(p["title"])
        kind = type_of(p)
        at = p["text"].find(own)
        if kind and at >= 0:
            found.setdefault(p["title"], []).append((p["title"], p["text"], at, at + len(own), kind))
        for m in re.finditer(r"[A-Z][\w'’-]*(?: (?:(?:of|the|and|de) )?[A-Z][\w'’-]*)*", p["text"]):
            name = m.group()
            if name != own and known.get(name):
                found.setdefault(name, []).append((name, p["text"], m.start(), m.end(), known[name]))
    return [x for name in sorted(found) for x in rng.sample(found[name], min(most, len(found[name])))]


def split(items, held=0.05):
    """(training, held out) by the article that is named."""
    out = ([], [])
    for x in items:
        out[random.Random("type " + x[0]).random() < held].append(x)
    return out
