"""What this deployment offers beside the rest."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from app import __version__
from app.api.context import services
from app.api.problems import responses
from app.api.security import SECURITY
from app.api.system_schemas import Features
from app.config import MEBIBYTE

blueprint = APIBlueprint(
    "features", __name__, url_prefix="/api", abp_tags=[Tag(name="system")], abp_security=SECURITY
)


@blueprint.get("/features", responses={200: Features, **responses(401)})
def show() -> Response:
    """What can be done here, and which version does it"""
    config = services().config
    body = Features(
        summarise=config.claude_api_key is not None,
        fetch=config.browser_enabled,
        max_upload_mb=config.max_upload_bytes // MEBIBYTE,
        release=config.release,
        version=__version__,
    )
    return Response(body.model_dump_json(), mimetype="application/json")
