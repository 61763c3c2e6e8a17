"""Sentences with their annotation: parts of speech, dependencies, entities, supertags, glosses."""

from __future__ import annotations

from collections.abc import Sequence


class Word:
    """One word of a sentence.

    Attributes
    ----------
    form
        As it is written.
    lemma, mark
        Its English gloss, and what its endings say (`ACC`, `DEF`, `PL`).
    part
        Universal part of speech.
    role
        What it does in the event (`AGENT`, `ACTION`, `PATIENT`, …).
    relation, head
        Universal dependency relation, and the word it depends on; None for the root.
    entity
        `O`, or a named entity as in `B-PER`.
    """

    __slots__ = ("entity", "form", "head", "lemma", "mark", "part", "relation", "role")

    def __init__(
        self, form: str, lemma: str, mark: str, part: str, role: str, relation: str, head: Word | None, entity: str
    ) -> None:
        self.form = form
        self.lemma = lemma
        self.mark = mark
        self.part = part
        self.role = role
        self.relation = relation
        self.head = head
        self.entity = entity

    @property
    def gloss(self) -> str:
        """English lemma, with what the endings say."""
        return f"{self.lemma}-{self.mark}" if self.mark else self.lemma


class Sentence:
    """Words in order."""

    __slots__ = ("words",)

    def __init__(self, words: Sequence[Word]) -> None:
        self.words = words

    @property
    def tokens(self) -> list[str]:
        """The forms."""
        return [word.form for word in self.words]

    @property
    def text(self) -> str:
        """The forms, parted by spaces."""
        return " ".join([word.form for word in self.words])

    @property
    def gloss(self) -> str:
        """English lemmas in the sentence's own order."""
        return " ".join([word.gloss for word in self.words])

    @property
    def heads(self) -> list[int]:
        """The number of each word's head, counted from 1; 0 for the root."""
        place = {id(word): number for number, word in enumerate(self.words, start=1)}
        return [0 if word.head is None else place[id(word.head)] for word in self.words]

    @property
    def relations(self) -> list[str]:
        """The relation of each word to its head."""
        return [word.relation for word in self.words]

    def of(self, *roles: str) -> list[int]:
        """Return the numbers, from 0, of the words that have one of these roles."""
        return [i for i, word in enumerate(self.words) if word.role in roles]


def supertags(sentence: Sentence) -> list[str]:
    r"""Return the category of each word in the manner of combinatory categorial grammar (Steedman 2000).

    `X/Y` looks for a Y on its right to make an X, `X\Y` on its left: so a transitive verb of a language that puts the
    subject first and the object last is `(S\NP)/NP`.
    """
    heads = sentence.heads
    children: list[list[int]] = [[] for _ in heads]
    for i, head in enumerate(heads):
        if head:
            children[head - 1].append(i)
    return [_category(sentence.words, i, heads[i] - 1, children[i]) for i in range(len(heads))]


def _category(words: Sequence[Word], i: int, head: int, children: list[int]) -> str:
    word = words[i]

    def slash(other: int) -> str:
        return "\\" if other < i else "/"

    if word.part == "VERB" or (word.relation == "root" and word.part == "ADJ"):
        found = "S"
        for relation in ("nsubj", "obj", "obl"):
            for child in children:
                if words[child].relation == relation and (relation != "obl" or word.part == "ADJ"):
                    found = f"({found}){slash(child)}NP" if len(found) > 1 else f"{found}{slash(child)}NP"
        return found
    if word.part in ("NOUN", "PROPN", "PRON"):
        modified = {words[child].relation for child in children} & {"det", "amod", "nummod"}
        return "N" if modified else "NP"
    if word.part == "DET":
        return f"NP{slash(head)}N"
    if word.part in ("ADJ", "NUM"):
        return f"N{slash(head)}N"
    if word.relation == "case" and words[head].relation == "nmod":
        noun = _head_of(words, head)
        return f"(NP{slash(noun)}NP){slash(head)}NP"
    if word.relation == "case":
        return f"(S{slash(_head_of(words, head))}S){slash(head)}NP"
    if word.part == "CCONJ":
        return "conj"
    if word.relation == "mark":  # of a cause, or of a clause that tells which one is meant
        outer = _head_of(words, head)
        clause = f"S{slash(head)}NP" if words[head].relation == "acl" else "S"
        kind = "NP" if words[head].relation == "acl" else "S"
        return f"({kind}{slash(outer)}{kind}){slash(head)}{clause if len(clause) == 1 else f'({clause})'}"
    return f"S{slash(head)}S" if head >= 0 else "S"


def _head_of(words: Sequence[Word], i: int) -> int:
    """Return the number, from 0, of a word's head; its own for the root."""
    head = words[i].head
    return i if head is None else next(k for k, word in enumerate(words) if word is head)
