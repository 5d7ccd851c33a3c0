"""What rows refer to: who is here by now, and under which id."""

from dataclasses import dataclass, field
from typing import Any

from shared.movein.row import Broken


@dataclass
class Known:
    """What was found or brought so far.

    Attributes:
        users: Ids of the old accounts with those of ours; they differ where somebody had an account
            with the same address here.
        heir: The admin who gets what serves everybody and whose owner has no account any more.
        held: Ids of files with those of the knowledge bases that hold them.
    """

    users: dict[str, str] = field(default_factory=dict)
    heir: str | None = None
    folders: dict[str, str] = field(default_factory=dict)
    chats: dict[str, str] = field(default_factory=dict)
    channels: set[str] = field(default_factory=set)
    messages: set[str] = field(default_factory=set)
    held: dict[str, list[str]] = field(default_factory=dict)

    def owner(self, user_id: Any) -> str:
        """Give our id of the owner of something private.

        Raises:
            Broken: There is no such account.
        """
        if user_id not in self.users:
            raise Broken("its owner has no account")
        return self.users[user_id]

    def owner_or_heir(self, user_id: Any) -> str:
        """Give our id of the owner of something that serves others too; an admin inherits it.

        Raises:
            Broken: There is neither the account nor an admin.
        """
        if user_id not in self.users and self.heir is not None:
            return self.heir
        return self.owner(user_id)

    def control(self, value: Any) -> dict[str, Any] | None:
        """Give an `access_control` with our ids of users.

        Raises:
            Broken: It has another form; nobody is let in by mistake.
        """
        if value is None:
            return None
        if not isinstance(value, dict):
            raise Broken("`access_control` is no object")
        return {
            action: {
                "group_ids": _texts(lists.get("group_ids")),
                "user_ids": [self.users.get(one, one) for one in _texts(lists.get("user_ids"))],
            }
            for action, lists in value.items()
            if action in ("read", "write") and isinstance(lists, dict)
        }


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
