using System.Collections.Concurrent;

namespace Managed.Constraints.Json;

/// <summary>
/// The formats that can be asserted, each as a regex that derives only texts of the format; where the format allows more,
/// the usual forms are taken (no leap seconds, no quoted mail boxes).
/// </summary>
internal static class StringFormats
{
    private const string Year = @"(000[1-9]|00[1-9]\d|0[1-9]\d\d|[1-9]\d{3})";
    private const string LeapYear = @"(\d\d(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)";
    private const string Date =
        $@"({Year}-((0[13578]|1[02])-(0[1-9]|[12]\d|3[01])|(0[469]|11)-(0[1-9]|[12]\d|30)|02-(0[1-9]|1\d|2[0-8]))|{LeapYear}-02-29)";
    private const string Time = @"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)";
    private const string Octet = @"(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)";
    private const string Hextet = "[0-9a-fA-F]{1,4}";
    private const string Label = "[a-zA-Z]([a-zA-Z0-9-]{0,28}[a-zA-Z0-9])?";
    private const string Host = $@"{Label}(\.{Label}){{0,7}}";
    private const string PathCharacter = @"([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})";
    private const string DayTime = @"T(\d+H(\d+M(\d+S)?)?|\d+M(\d+S)?|\d+S)";

    private static readonly Dictionary<string, string> Patterns = new()
    {
        ["date"] = Date,
        ["time"] = Time,
        ["date-time"] = $"{Date}T{Time}",
        ["duration"] = $@"P(\d+W|(\d+Y(\d+M(\d+D)?)?|\d+M(\d+D)?|\d+D)({DayTime})?|{DayTime})",
        ["uuid"] = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
        ["email"] = $@"[A-Za-z0-9_%+-]+(\.[A-Za-z0-9_%+-]+)*@{Host}",
        ["hostname"] = Host,
        ["ipv4"] = $@"({Octet}\.){{3}}{Octet}",
        ["ipv6"] = string.Join('|', Enumerable.Range(0, 8).Select(CompressedIpv6).Prepend($"({Hextet}:){{7}}{Hextet}")),
        ["uri"] = $@"[A-Za-z][A-Za-z0-9+.-]*://{Host}(:\d{{1,5}})?(/{PathCharacter}*)*(\?({PathCharacter}|[/?])*)?(#({PathCharacter}|[/?])*)?",
        ["json-pointer"] = "(/([^/~]|~[01])*)*",
    };

    private static readonly ConcurrentDictionary<string, Dfa> Compiled = new();

    public static IEnumerable<string> Names => Patterns.Keys;

    public static Dfa? Find(string name) => Patterns.TryGetValue(name, out string? pattern)
        ? Compiled.GetOrAdd(name, _ => Nfa.TryCompile(RegexParser.FullMatch(pattern))!) : null;

    // `before` groups, a gap of at least one, and as many as still fit.
    private static string CompressedIpv6(int before)
    {
        int after = 7 - before;
        string head = before == 0 ? ":" : $"{Hextet}(:{Hextet}){{{before - 1}}}:";
        string tail = after == 0 ? "" : $"({Hextet}(:{Hextet}){{0,{after - 1}}})?";
        return $"{head}:{tail}";
    }
}
