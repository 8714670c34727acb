namespace Managed.Guards.Published;

/// <summary>Settings of published guards are checked in one way.</summary>
internal static class GuardSetting
{
    /// <exception cref="GuardException">It does not hold; the message names guard and setting, what was found and what was expected.</exception>
    public static void Check(string guard, bool holds, string setting, object found, string expected)
    {
        if (!holds)
            throw new GuardException($"{guard}, {setting}: found {found}; expected {expected}.");
    }
}
