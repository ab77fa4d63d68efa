"""Fragments of templates that are cached for everybody and show who asks."""

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from reqtrace.doctor.base import Code, Diagnosis, Examination, Project

_OPEN = re.compile(r"{%-?\s*cache\s+(?P<arguments>[^%]*?)\s*-?%}")
_CLOSE = re.compile(r"{%-?\s*endcache\s*-?%}")
_COMMENT = re.compile(r"{#.*?#}|{%\s*comment\b.*?%}.*?{%\s*endcomment\s*%}", re.DOTALL)
_PERSONAL = re.compile(r"(?<![\w.\"'])(?:request\.(?:user|session)|user|perms)\b(?![\w\"'=-])")
_MARKUP = re.compile(r"{[{%](.*?)[%}]}", re.DOTALL)


class CachedFragments(Examination):
    """`{% cache %}` keys by its name and what stands behind it: what stands within is the same for all of a key."""

    title: ClassVar[str] = "Cached fragments"
    codes: ClassVar[Mapping[str, Code]] = {
        "fragment-cached-without-user": Code(
            "hazard",
            "`{% cache %}` around something of `user`, `request.user`, `request.session` or `perms`, without it in "
            "the key",
        ),
    }

    def examine(self, project: Project) -> Iterator[Diagnosis]:
        """Look at what stands between `{% cache %}` and `{% endcache %}`."""
        for template in project.templates:
            text = _COMMENT.sub(lambda found: "\n" * found[0].count("\n"), template.text)
            for opened in _OPEN.finditer(text):
                closed = _CLOSE.search(text, opened.end())
                shown = _personal_in(text[opened.end() : closed.start() if closed else len(text)])
                name, *key = opened["arguments"].split()[1:] or ["the fragment"]
                if shown and not any(_PERSONAL.search(part) for part in key):
                    yield Diagnosis(
                        "fragment-cached-without-user",
                        "hazard",
                        str(template.path),
                        text.count("\n", 0, opened.start()) + 1,
                        f"{{% cache %}} keeps {name} under one key for everybody, and it shows {shown}: the next "
                        "visitor gets this one's.",
                        f"Put who it is for into the key: {{% cache {opened['arguments']} request.user.pk %}}; or take "
                        "what is personal out of it.",
                    )


def _personal_in(text: str) -> str | None:
    """Return what a piece of a template shows of who asks; None where it shows nothing."""
    for markup in _MARKUP.finditer(text):
        found = _PERSONAL.search(markup[1])
        if found:
            return found[0]
    return None
