"""The encoder that comes with the repository: it loads, knows every script, fits its room, and has learnt something."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from transfer_analysis.training.encoder import load_encoder
from transfer_analysis.training.pretraining.settings import load_pretraining

ENCODERS = Path(__file__).parents[2] / "data" / "encoders"
FOLDER = ENCODERS / "verse-mini"

#: A short sentence in each script of XTREME-R, some with characters that no training text has.
SAID = {
    "ar": "هذا كتاب جديد.",
    "bn": "এটি একটি নতুন বই।",
    "el": "Αυτό είναι ένα νέο βιβλίο.",
    "en": "This is a new book.",
    "gu": "આ એક નવું પુસ્તક છે.",
    "he": "זה ספר חדש.",
    "hi": "यह एक नई किताब है।",
    "ja": "これは新しい本です。",
    "ka": "ეს არის ახალი წიგნი.",
    "ko": "이것은 새 책입니다.",
    "ml": "ഇത് ഒരു പുതിയ പുസ്തകമാണ്.",
    "my": "ဒါက စာအုပ်အသစ်ဖြစ်တယ်။",
    "pa": "ਇਹ ਇੱਕ ਨਵੀਂ ਕਿਤਾਬ ਹੈ।",
    "ru": "Это новая книга.",
    "ta": "இது ஒரு புதிய புத்தகம்.",
    "te": "ఇది కొత్త పుస్తకం.",
    "th": "นี่คือหนังสือใหม่",
    "zh": "這是一本新書。",
    "rare": "ꙮ 𒀀 🙂 ᚠ",
}


@pytest.fixture(scope="module")
def encoder():
    return load_encoder(str(FOLDER))


def test_every_script_is_known_and_read_back(encoder):
    tokenizer = encoder.tokenizer
    for code, text in SAID.items():
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert tokenizer.unk_token_id not in ids, code
        assert tokenizer.decode(ids) == text, code
        if code != "rare":
            assert len(ids) < 2 * len(text)


def test_it_fits_its_room_and_says_what_it_is_made_of():
    size = sum(path.stat().st_size for path in FOLDER.iterdir())
    assert size < 16e6
    assert not [p.name for p in FOLDER.iterdir() if p.suffix in (".bin", ".pt", ".pkl")]
    about = json.loads((FOLDER / "pretraining.json").read_text())
    assert about["settings"] == load_pretraining(ENCODERS / "verse-mini.yaml").model_dump(mode="json")
    unstated = {"af", "bg", "es", "fi", "ht", "hu", "ko", "pt", "th", "tr", "vi", "zh"}
    assert not [name for name in about["text"] if name.startswith("bible") and name[-2:] in unstated]


def test_hidden_words_are_found(encoder):
    from transformers import AutoModelForMaskedLM

    whole = AutoModelForMaskedLM.from_pretrained(FOLDER, dtype=torch.float32).eval()
    tokenizer = encoder.tokenizer
    hidden = {
        "The company said on Monday that it [MASK] not comment.": {"▁would", "▁did", "▁has", "▁is", "▁was"},
        "He said to them, “Go into [MASK] city.”": {"▁the", "▁this", "▁that"},
        "Er sprach zu [MASK]: Gehet hin.": {"▁ihnen", "▁ihm"},
        "Le président [MASK] la République a dit que": {"▁de"},
    }
    for text, expected in hidden.items():
        row = tokenizer(text, return_tensors="pt")
        place = (row["input_ids"][0] == tokenizer.mask_token_id).nonzero().item()
        with torch.no_grad():
            best = whole(**row).logits[0, place].topk(5).indices.tolist()
        assert expected & set(tokenizer.convert_ids_to_tokens(best)), text
