"""tokenizer.json for the Rust `tokenizers` crate, equal to the slow LukeTokenizer: make_tokenizer_json.py CKPT_DIR"""

import json, sys, os
from tokenizers import Tokenizer, AddedToken, models, pre_tokenizers, decoders


def build(d):
    v = json.load(open(os.path.join(d, 'vocab.json'), encoding='utf-8'))
    m = [tuple(l.split(' ')) for l in open(os.path.join(d, 'merges.txt'), encoding='utf-8').read().split('\n')[1:-1]]
    t = Tokenizer(models.BPE(vocab=v, merges=m, unk_token=None))
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    sp = lambda c, l=False: AddedToken(c, lstrip=l, rstrip=False, normalized=False, special=True)
    t.add_special_tokens([sp('<s>'), sp('<pad>'), sp('</s>'), sp('<unk>'), sp('<mask>', True), sp('<ent>'), sp('<ent2>')])
    return t


if __name__ == '__main__':
    t = build(sys.argv[1])
    p = os.path.join(sys.argv[1], 'tokenizer.json')
    t.save(p)
    print(p, os.path.getsize(p))
    fx = json.load(open(sys.argv[2]))
    bad = 0
    n = 0
    for c in fx['plain']:
        a = t.encode(c['text'], add_special_tokens=False).ids
        x = c['text']
        x = ' ' + x if x and not x[0].isspace() else x
        b = t.encode(x, add_special_tokens=False).ids
        for nm, g, w in (('ids', a, c['input_ids'][1:-1]), ('prefix', b, c['prefix_space_ids'][1:-1])):
            n += 1
            if g != w:
                bad += 1
                print('DIFF', nm, c['name'], repr(c['text'][:40]), g[:12], w[:12])
    print('checked', n, 'diff', bad)
