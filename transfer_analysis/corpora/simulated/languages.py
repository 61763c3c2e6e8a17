"""Simulated languages: the doubles of real ones, and crossings of one's grammar with another's words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

from pydantic import BaseModel, ConfigDict, Field

from transfer_analysis.corpora.simulated.typology import Typology, mixed_typology, typology
from transfer_analysis.corpora.simulated.vocabulary import Key, vocabulary
from transfer_analysis.languages import resolve

#: Seams in a written word: before an ending, and after what leans on the word that follows.
SUFFIX, PROCLITIC = "-", "="

#: Categories whose words are nouns, which take case and, in some languages, an article as their ending.
NOUNS = ("person", "thing", "place", "kind", "part")

#: Joins the endings that a word takes, in their order.
_MARKS = {"": (), "ACC": ("ACC",), "DEF": ("DEF",), "DEF-ACC": ("DEF", "ACC"), "PL": ("PL",)}


class Dials(BaseModel):
    """What the languages and tasks of a world share: each from 0 (nothing) to 1 (all that the real ones do).

    Attributes
    ----------
    word_order
        Probability that a feature of a language's grammar is its own; at 0 all have the source language's.
    cognates
        Probability that a word descends from its family's proto-word; at 0 no two vocabularies have anything in common
        but by chance.
    aligned_text
        Share of the aligned text that there is, and of the steps of pretraining that read it; at 0 languages are
        pretrained each on its own.
    anchors
        Probability that a name or a numeral is the same in all languages.
    task_relatedness
        Share of an intermediate task's examples that need what its target tasks need; the others are answered by a rule
        of its own on single words.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    word_order: float = Field(default=1.0, ge=0, le=1)
    cognates: float = Field(default=1.0, ge=0, le=1)
    aligned_text: float = Field(default=1.0, ge=0, le=1)
    anchors: float = Field(default=1.0, ge=0, le=1)
    task_relatedness: float = Field(default=1.0, ge=0, le=1)


@dataclass(frozen=True)
class SimulatedLanguage:
    """The double of a real language, or a crossing.

    Attributes
    ----------
    code
        Code of the real language, or two joined by `+`: the grammar of the first with the words of the second.
    typology
        Its grammar.
    words
        (category, English lemma) → word; endings have the category `ending`.
    """

    code: str
    typology: Typology
    words: dict[Key, str]

    @cached_property
    def forms(self) -> dict[tuple[str, str, str], str]:
        """(category, English lemma, mark) → word form, for every mark that the word can take."""
        grammar = self.typology
        noun_marks = [""]
        noun_marks += ["ACC"] if grammar.case != "none" else []
        noun_marks += ["DEF"] if grammar.definite == "suffix" else []
        noun_marks += ["DEF-ACC"] if grammar.definite == "suffix" and grammar.case != "none" else []
        adjectives = ["", "ACC"] if grammar.case != "none" and grammar.agreement_of_adjectives else [""]
        marks = {
            **dict.fromkeys(NOUNS, noun_marks),
            "property": adjectives,
            "action": ["", "PL"] if grammar.agreement else [""],
        }
        return {
            (category, lemma, mark): self._marked(word, mark)
            for (category, lemma), word in self.words.items()
            if category != "ending"
            for mark in marks.get(category, [""])
        }

    @cached_property
    def pieces(self) -> frozenset[str]:
        """What all its text consists of: words, and the endings they take."""
        return frozenset(piece for form in self.forms.values() for piece in pieces(form))

    def _marked(self, word: str, mark: str) -> str:
        for ending in _MARKS[mark]:
            syllable = self.words["ending", ending]
            before = ending == "ACC" and self.typology.case == "prefix"
            word = f"{syllable}{PROCLITIC}{word}" if before else f"{word}{SUFFIX}{syllable}"
        return word


def pieces(form: str) -> list[str]:
    """Take a word form apart at its seams: `folabua-ku` is `folabua` and `-ku`; `fu=zoloa` is `fu=` and `zoloa`."""
    *clitics, rest = form.split(PROCLITIC)
    stem, *endings = rest.split(SUFFIX)
    return [*(clitic + PROCLITIC for clitic in clitics), stem, *(SUFFIX + ending for ending in endings)]


@cache
def simulated_language(code: str, seed: int, dials: Dials | None = None, source: str = "en") -> SimulatedLanguage:
    """Return a language of the world of a seed.

    Parameters
    ----------
    code
        A code that `resolve` understands; a crossing such as `ja+de` has the grammar of the first language and the words
        of the second.
    source
        The source language, whose grammar the others take on where `word_order` is below 1. Its own words always
        descend, and it has all anchors.

    Raises
    ------
    InputError
        For an unknown language, or one without known word order in URIEL+.
    """
    dials = dials or Dials()
    language = resolve(code)
    grammar_of, words_of = language.crossed or (language.code, language.code)
    own = language.code == resolve(source).code
    return SimulatedLanguage(
        language.code,
        mixed_typology(typology(grammar_of), typology(source), dials.word_order, seed, grammar_of),
        vocabulary(words_of, seed, 1.0 if own else dials.cognates, 1.0 if own else dials.anchors),
    )
