using System.Text.Json;

namespace Managed.Tests.Ptx;

/// <summary>The table of spellings that ptxas accepts or rejects: what is known here agrees with it.</summary>
public class PtxSpellingTests
{
    private sealed record Spelling(string Code, string? Module, string? Target, string? Version, string? Rejected);

    private static List<Spelling> Table()
    {
        string json = File.ReadAllText(SharedFolder.Require("fixtures/ptx/spellings.json"));
        return JsonSerializer.Deserialize<List<Spelling>>(json, new JsonSerializerOptions { PropertyNameCaseInsensitive = true })!;
    }

    private static string? Problem(Spelling spelling, string version, string target)
    {
        string text = $$"""
            .version {{version}}
            .target {{target}}
            .address_size 64
            {{spelling.Module}}
            .visible .entry spellings(.param .u64 p0_, .param .u32 p1_, .param .align 64 .b8 tm[128])
            {
                .reg .pred p<8>; .reg .b16 h<16>; .reg .b32 r<160>; .reg .b64 rd<32>; .reg .f32 f<160>; .reg .f64 d<8>;
                .shared .align 1024 .b8 sm[4096];
                .reg .b32 sa; mov.u32 sa, sm;
                { {{spelling.Code}} }
                ret;
            }
            """;
        try
        {
            PtxModule.Parse(text, checkRegisters: false);
            return null;
        }
        catch (PtxException exception)
        {
            return exception.Problem;
        }
    }

    private static bool IsUnknown(string problem) =>
        problem.StartsWith("unknown instruction") || problem.Contains("no known combination") || problem.Contains("expected a type") || problem.Contains("%cluster") || problem.Contains("%is_explicit_cluster");

    [Test]
    public void Nothing_that_ptxas_rejects_is_accepted()
    {
        var wrong = new List<string>();
        foreach (Spelling spelling in Table().Where(spelling => spelling.Rejected is not null))
            if (Problem(spelling, "9.0", "sm_90a") is null)
                wrong.Add(spelling.Code);
        Assert.That(wrong, Is.Empty);
    }

    [Test]
    public void What_is_known_here_is_accepted_from_the_same_version_and_target_on()
    {
        var wrong = new List<string>();
        int accepted = 0;
        var unknown = new List<string>();
        foreach (Spelling spelling in Table().Where(spelling => spelling.Rejected is null && spelling.Target != "sm_100a"))
        {
            string? problem = Problem(spelling, spelling.Version!, spelling.Target!);
            if (problem is not null && IsUnknown(problem))
                unknown.Add(spelling.Code);
            else if (problem is not null)
                wrong.Add($"{spelling.Code}: {problem}");
            else
                accepted++;
        }
        TestContext.Out.WriteLine($"{accepted} accepted, {unknown.Count} not in the subset:\n{string.Join("\n", unknown)}");
        Assert.That(wrong, Is.Empty);
    }

    [Test]
    public void Older_versions_and_targets_are_refused()
    {
        var wrong = new List<string>();
        string[] versions = ["6.0", "6.2", "6.3", "6.5", "7.0", "7.1", "7.4", "7.5", "7.7", "7.8", "8.0", "8.1", "8.4"];
        string[] targets = ["sm_70", "sm_75", "sm_80", "sm_86", "sm_89", "sm_90", "sm_90a"];
        foreach (Spelling spelling in Table().Where(spelling => spelling.Rejected is null && spelling.Target != "sm_100a" && Problem(spelling, spelling.Version!, spelling.Target!) is null))
        {
            string? older = versions.LastOrDefault(version => double.Parse(version) < double.Parse(spelling.Version!));
            if (older is not null && Problem(spelling, older, spelling.Target!) is null)
                wrong.Add($"{spelling.Code} with {older}, since {spelling.Version}");
            string? lesser = targets.TakeWhile(target => target != spelling.Target).LastOrDefault();
            if (lesser is not null && Problem(spelling, "8.6", lesser) is null)
                wrong.Add($"{spelling.Code} for {lesser}, since {spelling.Target}");
        }
        Assert.That(wrong, Is.Empty);
    }
}
