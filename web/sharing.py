"""Forms and answers that the things of the workspace share."""

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, computed_field

from shared.schema import Schema
from shared.services import accounts, sharing
from shared.services.sharing import Control


class Listed(Schema):
    """Groups and users who may do something."""

    group_ids: list[str] = []
    user_ids: list[str] = []


class AccessControl(Schema):
    """Whom a thing lets in; an empty object lets nobody in but its owner."""

    read: Listed | None = None
    write: Listed | None = None


class Grant(Schema):
    """One right, as newer clients write it."""

    model_config = ConfigDict(extra="ignore")

    principal_type: Literal["user", "group", "anyone"]
    principal_id: str = "*"
    permission: Literal["read", "write"]


class SharedForm(Schema):
    """A form with the field that says whom a thing lets in, in the older or the newer form."""

    access_control: AccessControl | None = None
    access_grants: list[Grant] | None = Field(None, exclude=True)

    @property
    def control(self) -> Control:
        """The `access_control` that is wanted."""
        if self.access_grants is not None and "access_control" not in self.model_fields_set:
            return sharing.from_grants(grant.model_dump() for grant in self.access_grants)
        if self.access_control is None:
            return None
        return self.access_control.model_dump(exclude_none=True)


class OwnForm(SharedForm):
    """A form of a thing that only newer clients know: it is its owner's only unless it says whom it
    lets in. Such clients send null for the older form.
    """

    @property
    def shares(self) -> bool:
        """Whether it says whom the thing lets in."""
        return self.access_control is not None or self.access_grants is not None

    @property
    def wanted(self) -> Control:
        """The `access_control` of a new thing."""
        return self.control if self.shares else {}


class GrantsForm(Schema):
    """Whom a thing lets in, as newer clients change it by itself."""

    access_grants: list[Grant]

    @property
    def control(self) -> Control:
        """The `access_control` that is wanted."""
        return sharing.from_grants(grant.model_dump() for grant in self.access_grants)


class Owner(Schema):
    """Whose a thing is."""

    id: str
    name: str
    email: str
    role: str
    profile_image_url: str


class SharedResponse(Schema):
    """A thing with those whom it lets in, in both forms."""

    model_config = ConfigDict(from_attributes=True)
    # What the thing is, as newer clients call it.
    noun: ClassVar[str]

    user_id: str
    access_control: dict[str, Any] | None

    @computed_field  # type: ignore[prop-decorator]  # pydantic documents this order
    @property
    def access_grants(self) -> list[dict[str, Any]]:
        """The same as `access_control`, as newer clients read it."""
        return sharing.to_grants(self.access_control, self.noun, str(getattr(self, "id", "")))


def with_owners(rows: list[Any], response: type[BaseModel]) -> list[dict[str, Any]]:
    """Write things of which the `response` has a field `user` for the owner."""
    found = accounts.by_ids({row.user_id for row in rows})
    return [
        {**response.model_validate(row).model_dump(), "user": found.get(row.user_id)}
        for row in rows
    ]
