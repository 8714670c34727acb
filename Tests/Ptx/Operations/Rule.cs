namespace Managed.Tests.Ptx;

/// <summary>Words of an opcode that a rule has matched, by the rule's names for them.</summary>
internal sealed class RuleMatch(Dictionary<string, string> captures)
{
    public bool Has(string word) => captures.ContainsKey(word);

    public string this[string name] => captures.GetValueOrDefault(name, "");

    /// <summary>The type captured under a name, or the type of that name.</summary>
    public ScalarType Type(string name) => ScalarType.Find(this[name].Length > 0 ? this[name] : name)!;
}

/// <summary>Fills in what an operation does, after its operands are resolved.</summary>
internal delegate void Bind(Operation operation, RuleMatch match);

/// <summary>
/// A family of spellings of one instruction, e.g. `add round=@round? ftz? sat? f32` with operands `=f32 f32 f32`.
/// A word of the pattern is literal or `name=choice|choice`, `@set` stands for a set of choices, `?` makes it optional.
/// A pattern that begins with `~` takes its words in any order.
/// Operands: `=T` is written, `T` read (register or literal), `T!` a register only, `T^` a predicate that may be negated, `T@` may name a variable;
/// `T*2` has twice the size, `≥T` may lie in a wider register; `&lt;n&gt;T` is a vector of n (or of the captured V);
/// `[s]` an address (g: 64 bits, s: shared, p: parameter, S: of the captured space), `#` a literal integer, `=pred|` one or two predicates; `?` optional.
/// </summary>
internal sealed class Rule
{
    private static readonly Dictionary<string, string> Sets = new()
    {
        ["int"] = "u16|s16|u32|s32|u64|s64",
        ["int3264"] = "u32|s32|u64|s64",
        ["signed"] = "s16|s32|s64",
        ["bits"] = "b16|b32|b64",
        ["round"] = "rn|rz|rm|rp",
        ["integral"] = "rni|rzi|rmi|rpi",
        ["directed"] = "rz|rm|rp",
        ["memory"] = "b8|u8|s8|b16|u16|s16|b32|u32|s32|f32|b64|u64|s64|f64",
        ["scope"] = "cta|cluster|gpu|sys",
        ["shared"] = "shared|shared::cta",
    };

    private readonly record struct Word(string Name, string[] Choices, bool Optional);

    private readonly Word[] _words;
    private readonly bool _anyOrder;

    public Rule(string pattern, string operands, Bind bind, int version = 60, int architecture = 70, bool specific = false)
    {
        _anyOrder = pattern[0] == '~';
        string[] words = pattern.TrimStart('~').Split(' ');
        Opcode = words[0];
        _words = [.. words.Skip(1).Select(ParseWord)];
        Operands = operands.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Bind = bind;
        (Version, Architecture, Specific) = (version, architecture, specific);
    }

    public string Opcode { get; }

    public string[] Operands { get; }

    public Bind Bind { get; }

    /// <summary>A further demand on the operands as written; gives what is wrong, or null.</summary>
    public Func<Operand[], RuleMatch, string?>? Check { get; init; }

    public int Version { get; }

    public int Architecture { get; }

    public bool Specific { get; }

    public string Requirement => $".version {Version / 10}.{Version % 10} and .target sm_{Architecture}{(Specific ? "a" : "")}";

    private static Word ParseWord(string text)
    {
        bool optional = text.EndsWith('?');
        text = text.TrimEnd('?');
        int equals = text.IndexOf('=');
        string name = equals < 0 ? text : text[..equals];
        string choices = equals < 0 ? text : text[(equals + 1)..];
        string[] all = [.. choices.Split('|').SelectMany(choice => choice[0] == '@' ? Sets[choice[1..]].Split('|') : [choice])];
        return new Word(name, all, optional);
    }

    /// <summary>Matches the words behind the opcode's first, or null.</summary>
    public RuleMatch? Match(ReadOnlySpan<string> words)
    {
        var captures = new Dictionary<string, string>();
        bool matched = _anyOrder ? MatchAnyOrder(words, captures) : MatchFrom(0, words, captures);
        return matched ? new RuleMatch(captures) : null;
    }

    private bool MatchFrom(int index, ReadOnlySpan<string> words, Dictionary<string, string> captures)
    {
        if (index == _words.Length)
            return words.IsEmpty;
        Word word = _words[index];
        if (!words.IsEmpty && word.Choices.Contains(words[0]))
        {
            captures[word.Name] = words[0];
            if (MatchFrom(index + 1, words[1..], captures))
                return true;
            captures.Remove(word.Name);
        }
        return word.Optional && MatchFrom(index + 1, words, captures);
    }

    private bool MatchAnyOrder(ReadOnlySpan<string> words, Dictionary<string, string> captures)
    {
        foreach (string text in words)
        {
            Word word = _words.FirstOrDefault(candidate => !captures.ContainsKey(candidate.Name) && candidate.Choices.Contains(text));
            if (word.Name is null)
                return false;
            captures[word.Name] = text;
        }
        return _words.All(word => word.Optional || captures.ContainsKey(word.Name));
    }
}
