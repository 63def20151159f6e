"""`frostline seal`: make evidence tamper-evident."""

from frostline.commands.options import ConfigFile


def seal(*, config: ConfigFile = None) -> None:
    """Seal evidence every few seconds, until told to stop; wait where another sealer does."""
    from frostline.config import load_settings
    from frostline.roles import run_seal
    from gateway.seal.settings import SealSettings

    run_seal(load_settings(SealSettings, role="seal", file=config))
