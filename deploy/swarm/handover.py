"""The image to run, brought to where it shall run: pulled there, or built here and handed over."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.command import Failed, WrongUse, last_line, say
from deploy.swarm.engine import Engine, engine

ROOT = Path(__file__).parents[2]


def bring(
    image: str | None, host: Engine, swarm: Mapping[str, Any], *, load: bool, target: str = "server"
) -> tuple[str, bool]:
    """See to it that an engine has an image; returns its name there, and whether a registry knows it.

    Parameters
    ----------
    image : its name; None: the one that is built from this checkout.
    swarm : what `engine.manager` tells of the swarm.
    load : take it from the engine here and not from a registry.
    target : which of the Dockerfile's images to build.

    Raises
    ------
    WrongUse : there is no such image here, or the swarm has more nodes than one and nothing to pull from.
    Failed : it cannot be pulled, built or handed over.
    """
    if image and not load:
        say(f"pulling {image}")
        host.run("pull", "-q", image, timeout_s=900)
        return image, True
    if int(swarm.get("Nodes", 1)) > 1:
        raise WrongUse(
            f"the swarm has {swarm['Nodes']} nodes, and each pulls for itself: push the image to a registry and name "
            "it with --image"
        )
    here = engine("local")
    if not image:
        say(f"building the image of this checkout ({target})")
        built = here.run("build", "-q", "--target", target, str(ROOT), timeout_s=1800).splitlines()[-1]
        # named after its content, so that another content is another image
        image = f"loopgenie{'' if target == 'server' else f'-{target}'}:{built.removeprefix('sha256:')[:12]}"
        here.run("tag", built, image)
    found = here.inspect("image", image)
    if not found:
        raise WrongUse(f"the engine here has no image {image}: build or pull it first")
    there = host.inspect("image", image)
    if not there or there[0]["Id"] != found[0]["Id"]:
        say(f"handing {image} to {host.host}, {found[0]['Size'] / 1e6:.0f} MB before packing")
        hand_over(here, host, image)
    return image, False


def hand_over(here: Engine, there: Engine, image: str) -> None:
    """Send an image from one engine to another, packed on the way and kept nowhere between.

    Raises
    ------
    Failed : one of them refuses; in the words of Docker.
    """
    pipe = subprocess.PIPE
    with subprocess.Popen([*here.words, "save", image], stdout=pipe, stderr=pipe) as save:
        load = subprocess.run([*there.words, "load", "-q"], stdin=save.stdout, capture_output=True, check=False)
        _, told = save.communicate()
    if save.returncode or load.returncode:
        why = last_line((told if save.returncode else load.stderr).decode("utf-8", "replace"))
        raise Failed(f"{image} cannot be handed to {there.host}: {why}")
