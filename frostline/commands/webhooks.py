"""`frostline webhooks`: try out what is told to the outside."""

from typing import Annotated

import typer

from frostline.commands.options import AsJson

app = typer.Typer(help="Try out what is told to the outside.", no_args_is_help=True)


@app.callback()
def webhooks() -> None:
    """Try out what is told to the outside."""


@app.command()
def listen(
    *,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of 127.0.0.1.")] = 8090,
    secret: Annotated[
        str,
        typer.Option(envvar="WEBHOOK_SECRET", help="The endpoint's secret, whsec_…"),
    ],
    fail_first: Annotated[
        int, typer.Option(min=0, help="Answer 500 to the first so many messages.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Receive webhooks on this machine, verify them, and print what came."""
    from frostline import listen as listening

    write = listening.as_json if as_json else listening.as_line
    receiver = listening.Receiver(
        secret,
        fail_first=fail_first,
        on_received=lambda received: print(write(received), flush=True),
    )
    with listening.serve(receiver, port) as server:
        typer.echo(f"listening at http://127.0.0.1:{port}/", err=True)
        server.serve_forever()
