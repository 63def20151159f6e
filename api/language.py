"""In which language does this reader want it?"""

from typing import Annotated

from fastapi import Depends, Query, Request

from api.negotiate import best_language
from api.words import Language


def language_of(request: Request, lang: Annotated[Language | None, Query()] = None) -> Language:
    """Return the language that is asked for, else the browser's, else Chinese."""
    if lang is not None:
        return lang
    accepted = request.headers.get("accept-language", "")
    return Language(best_language(accepted, tuple(Language), otherwise=Language.CHINESE))


Lang = Annotated[Language, Depends(language_of)]
