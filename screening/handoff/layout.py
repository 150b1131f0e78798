"""What a sheet says and in which order, once for the screen and for paper."""

from math import isnan

from screening.campaign.document import failing_words
from screening.display import formula_text
from screening.handoff.block import Block, Table
from screening.handoff.hazards import SOURCE, SUPPLIER
from screening.handoff.patterns import Pattern
from screening.handoff.plan import MG_PER_G, LayerMasses
from screening.handoff.sheet import LAYERS_OF_A_CELL, BenchSheet
from screening.layer.network import Threshold
from screening.phases.composition import parse_formula
from screening.phases.melting import points_text
from screening.phases.powder import CU_KA_A, shift_deg
from screening.reactors.criteria import CRITERIA
from screening.reactors.detail import Plateau
from screening.thermo.marks import told_origins

ONE_PERCENT, SPARE, ROUNDING, BLANK, TICK = 0.01, 0.1, 1e-9, "", "☐"
"""Share of a mixture that is lost, of a count that is rounding; what the bench fills in and ticks."""

WITHHELD = "So this sheet has no masses, no steps and no programs."

EXPECTED = {
    "tau2": "fades while the reactor is consumed",
    "tau3": "fades while the reactor is consumed",
    "tau4": "appears once the alloy is there",
    "tau5": "present while plating: no soft short",
}
"""What doi 10.1002/aenm.202300815 saw of the windows during rest and cycling."""


def chemical(text: str) -> str:
    """A text with the formulas in it set with Unicode subscripts."""
    return formula_text(text).replace("->", "→")


def blocks(sheet: BenchSheet) -> tuple[Block, ...]:
    """All parts of a sheet in order: what the bench does, if anything, then what to know."""
    ranked = (_standing(sheet),) if sheet.standing or sheet.standing_note else ()
    if (layer := sheet.layer) is None:
        return (_danger(sheet), _plateaus(sheet), _hazards(sheet), *ranked)
    made = (_recipe(sheet), _mix(sheet, layer), _protocol(sheet), _plateaus(sheet), _layer(sheet, layer))
    return (_danger(sheet), *made, _patterns(sheet), _windows(sheet), _hazards(sheet), *ranked)


def _danger(sheet: BenchSheet) -> Block:
    """What to know before anything is touched; statements stand below."""
    sentences = []
    for each in sheet.element_hazards:
        holders = ", ".join(map(chemical, each.formulas))
        sentences.append(f"Compounds of {', '.join(each.elements)} are {each.kind} as a class: {holders}.")
    if sheet.gases:
        names = ", ".join(chemical(gas.formula) for gas in sheet.gases)
        sentences.append(f"Moist air sets free: {names}. Work in a dry glovebox.")
    sentences.append("Statements of every substance: under Hazards.")
    withheld = (f"{sheet.withheld} {WITHHELD}",) if sheet.withheld else ()
    if withheld:
        sentences.append(f"State of {chemical(sheet.formula)} at 25 °C: {_state(sheet)}.")
    red = tuple(map(chemical, (*sheet.red_lines, *withheld)))
    return Block("Before you begin", tuple(sentences), red=red)


def _mix(sheet: BenchSheet, layer: LayerMasses) -> Block:
    """Both powders of the layer, for one layer and for all cells with something to spare."""
    plan = sheet.plan
    powders = ((sheet.formula, layer.reactor_mg), (plan.electrolyte, layer.electrolyte_mg))
    rows = tuple(
        (
            chemical(name),
            f"{mg:.3g}",
            f"{mg * LAYERS_OF_A_CELL * plan.cells * (1.0 + SPARE):.4g}",
            BLANK,
            BLANK,
        )
        for name, mg in powders
        if mg > 0.0
    )
    each_mg = layer.reactor_mg * LAYERS_OF_A_CELL * (1.0 + SPARE)
    enough = int(sheet.recipe.batch_g * MG_PER_G / each_mg + ROUNDING)
    said = (
        f"{plan.wt_percent:g} wt% reactor, {plan.layer_mg:g} mg a layer, two layers a symmetric cell, "
        f"{100.0 * SPARE:.0f} % to spare. {sheet.recipe.batch_g:g} g of reactor makes {enough} such cells."
    )
    headings = ("Powder", "One layer (mg)", f"{plan.cells} cells (mg)", "Weighed (mg)", "Lot")
    return Block(f"Mix for {plan.cells} cells", (said,), Table(headings, rows, (1, 2)))


def _standing(sheet: BenchSheet) -> Block:
    title, standing = "Why it ranks where it does", sheet.standing
    note = (sheet.standing_note,) if sheet.standing_note else ()
    if standing is None:
        return Block(title, note)
    if standing.rank is None:
        said = f"No rank in {standing.study}: {failing_words(standing.failed_filters)}."
        return Block(title, (said, *note))
    sentences = [
        f"Rank {standing.rank} in {standing.study}, score {standing.score:.3f}: product of these factors.",
        *filter(None, [" ".join(standing.chances)]),
    ]
    rows = tuple(
        (
            CRITERIA.label(part.criterion),
            "" if part.value is None else f"{part.value:.4g} {'' if part.unit == '1' else part.unit}".strip(),
            f"{part.desirability:.2f}",
            f"{part.weight:g}",
            f"{part.factor:.3f}",
        )
        for part in standing.parts
    )
    headings = ("Criterion", "Value", "Desirability", "Weight", "Factor")
    return Block(title, (*sentences, *note), Table(headings, rows, (1, 2, 3, 4)), compact=True)


def _recipe(sheet: BenchSheet) -> Block:
    made, title = sheet.recipe, f"Weigh for {sheet.recipe.batch_g:g} g"
    if made.route == "none":
        said = "No combination of binary salts of this snapshot adds up to the compound: no masses given."
        return Block(title, (said,))
    total = sum(precursor.mass_g for precursor in made.precursors)
    rows = tuple(
        (
            chemical(p.formula) + (f" ({p.origin})" if p.origin else ""),
            p.name or "not on the list of stocked powders",
            p.cas,
            f"{p.moles:.4g}",
            f"{p.mass_g:.4f}",
            BLANK,
            BLANK,
        )
        for p in made.precursors
    )
    rows = (*rows, ("Sum", "", "", "", f"{total:.4f}", "", ""))
    headings = ("Powder", "Name", "CAS no.", "mol/mol", "Mass (g)", "Weighed (g)", "Lot")
    table = Table(headings, rows, (3, 4))
    if made.route == "bought":
        stocked = bool(made.precursors[0].name)
        what = "An element" if len(parse_formula(made.formula).atomic_numbers) == 1 else "A binary"
        bought = (
            ": bought as such." if stocked else ", to be bought: whether anyone sells it is to be looked up."
        )
        return Block(title, (f"{what}{bought}",), table)
    sentences = [f"{chemical(made.reaction)}. Amounts of pure, dry powders; correct for the assay."]
    if made.route == "stable binaries":
        sentences.append("Stocked powders do not balance it: look up who sells these.")
    energy = made.reaction_energy_ev_per_atom
    if energy is not None:
        said = f"Reaction energy {1000.0 * energy:.0f} meV/atom"
        against = " (uphill at 0 K: entropy or milling must help)" if energy > 0.0 else ""
        sentences.append(f"{said}{against}.")
    return Block(title, tuple(sentences), table)


def _protocol(sheet: BenchSheet) -> Block:
    quoted = sheet.protocol
    sentence = (
        f"The layer as milled and pressed with {chemical(quoted.reactor)} by {quoted.citation}, "
        f"doi:{quoted.doi}: a starting point, not an optimum for another. In brackets its own amounts."
    )
    rows = tuple(
        (
            f"{TICK} {step.name}",
            chemical(step.text),
            "" if step.pressure_mpa is None else f"{step.pressure_mpa:.0f}",
            "" if step.load_on_this_die_t is None else f"{step.load_on_this_die_t:.3g}",
        )
        for step in quoted.steps
    )
    headings = (
        "Step",
        f"What (loads for a die of {quoted.die_mm:g} mm)",
        "MPa",
        f"Load (t), {sheet.plan.die_mm:g} mm",
    )
    return Block("Make, mill and press", (_synthesis(sheet), sentence), Table(headings, rows, (2, 3)))


def _synthesis(sheet: BenchSheet) -> str:
    """How the reactor comes about: by a route that can be cited, or by none that is known here."""
    route, name = sheet.protocol.route, chemical(sheet.formula)
    if route is not None:
        return f"To make {name}: {chemical(route.text)} ({route.citation}, doi:{route.doi})."
    if sheet.recipe.route == "bought":
        return f"{name} is bought, not made."
    return f"To make {name}: no published recipe known here."


def _layer(sheet: BenchSheet, layer: LayerMasses) -> Block:
    plan, quoted = sheet.plan, sheet.protocol
    estimated = " (a volume is estimated)" if layer.volume_estimated else ""
    densities = " / ".join(
        _or_unknown(d, ".2f") for d in (layer.reactor_g_per_cm3, layer.electrolyte_g_per_cm3)
    )
    reported = f" (the paper reports {quoted.layer_um:g} µm)" if quoted.is_of_this_layer else ""
    rows = (
        (f"State of {chemical(sheet.formula)} at 25 °C", _state(sheet)),
        ("Die, area", f"{plan.die_mm:g} mm, {layer.area_cm2:.4f} cm²"),
        ("Layer", f"{plan.layer_mg:g} mg, {plan.areal_mg_per_cm2:.2f} mg/cm²"),
        ("Density, reactor / electrolyte", f"{densities} g/cm³{estimated}"),
        ("Thickness without pores", f"{_or_unknown(layer.thickness_um, '.0f')} µm{reported}"),
        *_reacted(sheet, layer),
    )
    return Block(f"The layer, {plan.wt_percent:g} wt%", (), Table(("Quantity", "Value"), rows))


def _state(sheet: BenchSheet) -> str:
    """State of the reactor with its measured melting and boiling point."""
    known = sheet.state
    if known is None:
        return "not measured here: look up its melting point"
    return f"{known.state or 'unknown'} ({points_text(known)}; {known.name}, CAS {known.cas})"


def _connects(fraction: float | None, threshold: Threshold) -> str:
    if fraction is None or isnan(fraction):
        return ""
    percent = 100.0 * threshold.chance(fraction)
    return f": connects with a chance of {percent:.0f} % (threshold {threshold.words})"


def _reacted(sheet: BenchSheet, layer: LayerMasses) -> tuple[tuple[str, str], ...]:
    """The layer once the anode has reacted with it down to the floor."""
    end, anode = sheet.at_excess, sheet.plan.anode
    if end is None:
        return ()
    state = end.layers[0]
    charge = layer.reactor_mg / MG_PER_G * end.capacity_mah_per_g
    threshold = Threshold.of(equal_spheres=sheet.conditions.percolation_threshold)
    consumed = f"{_or_unknown(state.anode_consumed_um, '.1f')} µm"
    change = f"{_percent(state.volume_change, '+')} % of the layer"
    return (
        (f"{anode} consumed", f"{consumed}, {charge:.2f} mAh ({charge / layer.area_cm2:.2f} mAh/cm²)"),
        (
            "Metal after reaction",
            f"{_percent(state.metal_fraction)} vol%{_connects(state.metal_fraction, threshold)}",
        ),
        ("Electrolyte after reaction", f"{_percent(state.electrolyte_fraction)} vol%"),
        (
            "Volume change",
            f"{change}; {_percent(state.volume_change_with_anode, '+')} % with the {anode} counted",
        ),
    )


def _or_unknown(value: float | None, form: str) -> str:
    return "unknown" if value is None or isnan(value) else format(value, form)


def _percent(value: float, sign: str = "") -> str:
    return _or_unknown(100.0 * value, f"{sign}.1f")


def _plateaus(sheet: BenchSheet) -> Block:
    title, floor = f"Expected plateaus against {sheet.plan.anode}", sheet.conditions.plateau_floor_v
    above = [plateau for plateau in sheet.plateaus if plateau.above_floor]
    below = len(sheet.plateaus) - len(above)
    if not above:
        said = f"It takes up no {sheet.plan.anode} above {floor:g} V: no reactor, but a control."
        return Block(title, (said,))
    sentences = [
        f"Equilibrium voltages; products of each finished plateau per mole of {chemical(sheet.formula)}."
    ]
    if sheet.alloy:
        sentences.append(f"Alloy or metal to look for: {chemical(sheet.alloy)}.")
    if below:
        sentences.append(f"Left out below the floor of {floor:g} V: {below}.")
    if sheet.origins:
        sentences.append(f"Energies {told_origins(sheet.origins, chemical)}.")
    sentences.extend(f"{told}." for told in sheet.cautions)
    named: set[str] = set()
    rows = tuple(_plateau_row(plateau, named) for plateau in above)
    headings = ("Voltage (V)", f"{sheet.plan.anode} taken up", "mAh/g", "Products", "Layer volume")
    return Block(title, tuple(sentences), Table(headings, rows, (0, 1, 2, 4)), drawing="staircase")


def _plateau_row(plateau: Plateau, named: set[str]) -> tuple[str, ...]:
    """A finished plateau; a product's electronic class is told where it appears first, its origin always."""
    products = []
    for p in plateau.products:
        told = "" if p.formula in named else p.electronic_words
        named.add(p.formula)
        words = ", ".join(filter(None, (told, p.origin)))
        products.append(f"{p.moles:.4g} {chemical(p.formula)}" + (f" [{words}]" if words else ""))
    change = _percent(plateau.layers[0].volume_change, "+")
    return (
        plateau.volts,
        f"{plateau.uptake_per_formula:.3g}",
        f"{plateau.capacity_mah_per_g:.0f}",
        ", ".join(products),
        f"{change} %",
    )


def _patterns(sheet: BenchSheet) -> Block:
    with_lines = [each for each in sheet.patterns if each.lines]
    without = [each for each in sheet.patterns if not each.lines]
    sources = tuple(dict.fromkeys(each.source for each in with_lines))
    sentences = [
        f"Simulated from crystal structures, Cu Kα {CU_KA_A} Å, 10 to 80° 2θ: position, indices, "
        "intensity in % of the strongest. Milled powders give broad lines, amorphous products none."
    ]
    if without:
        names = ", ".join(chemical(each.formula) for each in without)
        where_from = "give CIF files with --cif, or a snapshot fetched with --structures"
        sentences.append(f"No structure at hand ({where_from}): {names}.")
    sentences += _on_calculated(with_lines)
    rows = tuple(
        (
            chemical(each.formula),
            each.role,
            _lines(each),
            f"[{sources.index(each.source) + 1}]" + (" calculated" if each.functional else ""),
        )
        for each in with_lines
    )
    if sources:
        sentences.append(" ".join(f"[{i}] {source}." for i, source in enumerate(sources, start=1)))
    table = Table(("Phase", "Role", "2θ (hkl) intensity", "Cell"), rows)
    return Block("How to see it: X-ray lines", tuple(sentences), table if rows else None, drawing="sticks")


def _on_calculated(patterns: list[Pattern]) -> list[str]:
    """What to know of lines of calculated cells."""
    functionals = sorted({each.functional for each in patterns if each.functional})
    if not functionals:
        return []
    named = ", ".join(functionals)
    said = f"Calculated cells ({named}) are those of 0 K, and ordered models of disordered phases."
    if not any(name.startswith("PBE") for name in functionals):
        return [said]
    at_30, at_60 = (f"{-shift_deg(place, ONE_PERCENT):.2f}°" for place in (30.0, 60.0))
    return [
        f"{said} PBE makes them typically up to about 2 % longer than measured ones, and more where layers "
        "are held by van der Waals forces only: their lines then lie below the measured ones, "
        f"for 1 % by {at_30} at 30° and {at_60} at 60°."
    ]


def _lines(each: Pattern) -> str:
    return "; ".join(f"{line.two_theta_deg:.2f}° ({line.hkl}) {line.intensity:.0f}" for line in each.lines)


def _windows(sheet: BenchSheet) -> Block:
    rows = tuple(
        (
            window.name.replace("tau", "τ"),
            window.process,
            f"{window.low_s:.2g} to {window.high_s:.2g}",
            EXPECTED.get(window.name, "") if sheet.at_excess else "",
        )
        for window in sheet.windows
    )
    sentence = "Centres as in doi:10.1002/aenm.202300815. A sweep down to 0.1 Hz ends at τ = 1.6 s."
    if sheet.mobile != "Li":
        sentence += f" They were found in cells that plate Li: with {sheet.mobile} they are a first guess."
    table = Table(("Window", "Process", "τ (s)", "Expected"), rows)
    return Block("How to see it: impedance (DRT)", (sentence,), table)


def _hazards(sheet: BenchSheet) -> Block:
    every = (*sheet.hazards, *sheet.gases)
    unlisted = ", ".join(chemical(each.formula) for each in every if not each.statements)
    by_supplier = any(each.source == SUPPLIER for each in every)
    supplied = f"; marked supplier: no entry, one {SUPPLIER}" if by_supplier else ""
    sentence = f"Harmonised statements of {SOURCE}{supplied}. Suppliers may state more."
    sentence += f" Not in the table here, look up the safety data sheet: {unlisted}." if unlisted else ""
    rows = tuple(
        (chemical(each.formula), "; ".join(each.statements), each.index_number or "supplier")
        for each in every
        if each.statements
    )
    table = Table(("Substance", "Statements", "Index no."), rows) if rows else None
    return Block("Hazards", (sentence,), table)
