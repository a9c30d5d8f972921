"""A made-up project with a course of one week, small enough to break in every way there is."""

from __future__ import annotations

from pathlib import Path

WEEK = "curriculum/programmes/tiny/en/self-kindness"
PROGRAMME = "curriculum/programmes/tiny/programme.yaml"
PROMPTS = "prompts/templates/en"
_SMALL = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
NUMBERS = (*_SMALL, "eleven", "twelve", "thirteen", "fourteen", "fifteen")


def _practice() -> str:
    lines = [
        "- id: self-kindness/cup",
        "  title: A warm cup",
        "  what: Hold a cup for a while. Feel how warm it is.",
        "  why: People often find that warm hands make a calmer minute.",
    ]
    for kind, number, paired, text in (
        ("invitations", 5, 2, "You might hold cup {n} with both hands {where} today and feel how its warmth moves."),
        ("evening", 5, 1, "Was there a moment for cup {n} {where}?"),
        ("reflections", 3, 1, "What did you feel at cup {n} {where}?"),
    ):
        lines.append(f"  {kind}:")
        for at, name in enumerate(NUMBERS[:number]):
            plain = text.format(n=name, where="in the kitchen")
            ward = text.format(n=name, where="in the staff room")
            lines += [f"    - plain: {plain}", f"      health_care: {ward}"] if at < paired else [f"    - {plain}"]
    return "\n".join(lines) + "\n"


def _sit() -> str:
    lines = [
        "id: self-kindness/sit",
        "title: A sit with a cup",
        "about: A sit with warm hands.",
        "gentler: You may look around or stop. None of it counts as less.",
        "ease: Let your eyes open and feel the floor.",
        "cues:",
    ]
    for at, name in enumerate(NUMBERS[:13], 1):
        pauses = {"short": 50, "middle": 67, "long": 90}
        if 6 <= at <= 12:
            del pauses["short"]
        if 9 <= at <= 12:
            del pauses["middle"]
        lines.append(f"  - say: Feel how warm your hands are for the length of breath {name}.")
        lines.append("    pause: {" + ", ".join(f"{length}: {seconds}" for length, seconds in pauses.items()) + "}")
    return "\n".join(lines) + "\n"


def _theme(place: str) -> str:
    sentence = f"A warm cup is a small thing, and in {place} it can still be a friendly one.\n"
    return f"{sentence * 5}\n{sentence * 3}Grief may come, and a gentler way is there.\n"


def _prompt(name: str, facts: str, *variants: str) -> str:
    blocks = "".join(f"{{% variant %}}{variant}{{% endvariant %}}\n" for variant in variants)
    return f"{{#- {name}: in a test. {facts} -#}}\n{blocks}"


FILES = {
    PROGRAMME: (
        'title: A tiny course\nversion: "1"\nlocales: [en]\nweeks:\n'
        "  self-kindness:\n    - self-kindness/cup\ndaily:\n  - self-kindness/cup\n"
    ),
    f"{WEEK}/week.yaml": (
        "title: Warmth\nin_short: A week with a cup.\nquestion: Where could a warm cup find you this week?\n"
        "look_back:\n  recap: This week held a cup.\n  question: What was warm this week?\n"
    ),
    f"{WEEK}/theme.md": _theme("a kitchen"),
    f"{WEEK}/theme.health_care.md": _theme("a ward"),
    f"{WEEK}/practices.yaml": _practice(),
    f"{WEEK}/sit.yaml": _sit(),
    f"{WEEK}/exercise.yaml": (
        "id: self-kindness/two-cups\ntitle: Two cups\nminutes: 20\nwhat:\n"
        "  plain: Two of you hold a cup at a table. You tell each other about it.\n"
        "  health_care: Two of you hold a cup after a shift. You tell each other about it.\nsteps:\n"
        "  - Hold the two cups in silence for a minute.\n  - One of you tells, and the other listens.\n"
        "  - Change over, and drink what is left.\n"
    ),
    f"{PROMPTS}/morning/invite.j2": _prompt(
        "morning/invite",
        "invitation, practice, daily",
        "{% if day %}{{ week.title }}{% else %}{{ line('morning/greeting') }}{% endif %} "
        "{{ practice.title }} {{ daily.title }} {{ invitation }}\n{{ line('morning/intention') }}",
    ),
    f"{PROMPTS}/morning/greeting.j2": _prompt(
        "morning/greeting", "", *(f"Morning {number}, {{{{ name }}}}." for number in NUMBERS)
    ),
    f"{PROMPTS}/morning/intention.j2": _prompt("morning/intention", "", "What is your intention?"),
    f"{PROMPTS}/evening/how_was_it.j2": _prompt("evening/how_was_it", "question", "The day closes. {{ question }}"),
    f"{PROMPTS}/help/show.j2": _prompt("help/show", "", "Is it this? Or that?"),
    f"{PROMPTS}/sit/done.j2": _prompt("sit/done", "minutes", "{% if minutes %}Quiet.{% else %}Short.{% endif %}"),
    f"{PROMPTS}/choices.yaml": 'keep: Keep\n"yes": "Yes"\nagain: Once more\n',
    f"{PROMPTS}/daily.yaml": "daily:\n  - morning/greeting\nexempt:\n  - help\n",
    "bot/conversations/talk.py": (
        'DONE = {"again": ("more",)}\n'
        'Said("morning/invite", {"practice": 1}).offering(Choice("keep"), Choice("x", label="X"))\n'
        'Said("evening/how_was_it" if late else "help/show").offering(Choice("yes"), *map(Choice, DONE))\n'
        'Said(f"sit/{how}")\n'
    ),
}


def make(root: Path) -> Path:
    """Writes the whole project; it has no problem."""
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def change(root: Path, name: str, old: str, new: str) -> int:
    """Replaces the first `old` in a file; the line where the change begins."""
    text = (root / name).read_text(encoding="utf-8")
    assert old in text, f"{old!r} does not stand in {name}"
    (root / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1
