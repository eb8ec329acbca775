"""Query expansions, loaded by the search that they search again with: one module each, and no list of them to edit.

The expansion of the search ``x`` is the module ``expand_x`` of this package, which defines

    Step            the step of an experiment: a subclass of :class:`reprise.reranking.settings.ExpansionStep`
    expand_files    writes the ranking after the step
"""

from reprise.reranking.settings import ExpansionStep
from reprise.storage.errors import DataError
from reprise.storage.modules import NamedModules

EXPANSIONS = NamedModules("reprise.reranking", "expand_files", prefix="expand_")


def expansion_settings(search: str, where: str = "expand") -> type[ExpansionStep]:
    """The model of an expansion that searches again with ``search``.

    Args:
        search: such as bow
        where: what an error begins with

    Raises:
        DataError: a search without an expansion
    """
    known = EXPANSIONS.names()
    if search not in known:
        raise DataError(
            f"{where}: queries of the search '{search}' cannot be expanded; those of {', '.join(known)} can"
        )
    model: type[ExpansionStep] = EXPANSIONS.load(search, where).Step
    return model
