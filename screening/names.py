"""Former names in studies, results and cell sheets, and what they are called now."""

FORMER_NAMES = {
    "sulfide": "electrolyte",
    "sulfides": "electrolytes",
    "sulfide_relief_ev_per_mol": "electrolyte_relief_ev_per_atom",
    "electrolyte_relief_ev_per_mol": "electrolyte_relief_ev_per_atom",
    "sulfide_fraction": "electrolyte_fraction",
    "sulfide_percolates": "electrolyte_percolates",
    "driving_force_ev_per_li": "driving_force_ev_per_ion",
    "li_consumed_mah_per_g": "uptake_mah_per_g",
    "lithiophilic": "alloys_with_anode",
    "bias_ev_per_li": "bias_ev_per_ion",
    "bias_sd_ev_per_li": "bias_sd_ev_per_ion",
}
"""By former name. Readers accept both; only the present ones are written."""


RELIEF_PER_MOL = frozenset(name for name in FORMER_NAMES if name.endswith("relief_ev_per_mol"))
"""What was counted per mole of electrolyte as spelled: `campaign.former` converts the values."""


def present_name(name: str) -> str:
    """What a name of any version is called now; others, and columns that end in a content, keep their tail.

    Examples
    --------
    >>> present_name("sulfide_fraction_50wt")
    'electrolyte_fraction_50wt'
    """
    head = "sulfide_fraction_"
    if name.startswith(head):
        return "electrolyte_fraction_" + name.removeprefix(head)
    return FORMER_NAMES.get(name, name)


def with_present_names(given: object) -> object:
    """Keys of mappings, and names in lists, as they are called now, at any depth."""
    if isinstance(given, dict):
        return {present_name(str(key)): with_present_names(value) for key, value in given.items()}
    if isinstance(given, (list, tuple)):
        return [FORMER_NAMES.get(v, v) if isinstance(v, str) else with_present_names(v) for v in given]
    return given
