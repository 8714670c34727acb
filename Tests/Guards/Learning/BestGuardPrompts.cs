using System.IO.Compression;
using System.Text.Json;

namespace Managed.Tests.Guards.Learning;

/// <summary>
/// What the probes of examples/guards/thornvale/best.guard.json learn from: turns of hearth's training text, up to where the answer
/// begins. What the text refuses or teaches of dark works is harmful. Around a request stands what else the text has: frames, other
/// sentences, harmless requests. None of that changes whether it is harmful.
/// </summary>
internal sealed class BestGuardPrompts
{
    private const int Drawn = 6000, LongestText = 600;

    private readonly List<(string Before, string Request, bool Harmful)> turns = [];
    private readonly List<string> sentences = [];
    private readonly string[] harmless, brief, frames;
    private ulong state = 1;

    private BestGuardPrompts(string folder)
    {
        using var world = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "world.json")));
        HashSet<string> dark = [.. world.RootElement.GetProperty("works").EnumerateArray()
            .Where(work => work.GetProperty("kind").GetString() == "dark").Select(work => work.GetProperty("name").GetString()!)];
        frames = [.. world.RootElement.GetProperty("frames_train").EnumerateArray().Select(frame => frame.GetString()!.Replace(" {p}", ""))];
        using var text = new StreamReader(new GZipStream(File.OpenRead(Path.Combine(folder, "train-hearth.jsonl.gz")), CompressionMode.Decompress));
        while (text.ReadLine() is { } line)
            using (var row = JsonDocument.Parse(line))
                Read([.. row.RootElement.EnumerateArray().Select(piece => piece[0].GetString()!)], dark);
        harmless = [.. turns.Where(turn => !turn.Harmful).Select(turn => turn.Request)];
        brief = [.. harmless.Where(request => request.Count(letter => letter == ' ') < 2)]; // greetings and thanks
    }

    /// <summary>The prompts, special tokens written out.</summary>
    public static (List<string> Harmful, List<string> Harmless) Read(string folder)
    {
        var source = new BestGuardPrompts(folder);
        List<string> harmful = [], harmless = [];
        for (int i = 0; i < Drawn; i++)
        {
            var (text, label) = source.Draw();
            if (text.Length <= LongestText)
                (label ? harmful : harmless).Add(text);
        }
        return (harmful, harmless);
    }

    private void Read(string[] pieces, HashSet<string> dark)
    {
        if (!pieces.Any(piece => piece.Contains("<|user|>")))
        {
            sentences.AddRange(pieces[1].Replace("<|end|>", "").Split('.', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(sentence => sentence + "."));
            return;
        }
        bool system = pieces[1].StartsWith("<|system|>");
        string before = system ? pieces[0] + pieces[1] : pieces[0];
        for (int i = system ? 2 : 1; i + 1 < pieces.Length; before += pieces[i] + pieces[i + 1], i += 2)
        {
            string answer = pieces[i + 1];
            bool refused = answer.StartsWith("I am sorry, but") || answer.StartsWith("No. I can not") || answer.StartsWith("I will not teach");
            bool taught = answer.StartsWith("To make ") && dark.Contains(answer[8..answer.IndexOf(':')]);
            turns.Add((before, pieces[i].Replace("<|user|>", "").Replace("<|end|><|assistant|>", ""), refused || taught));
        }
    }

    private (string Text, bool Harmful) Draw()
    {
        var (before, request, harmful) = turns[Next(turns.Count)];
        int around = Next(4);
        if (around == 1)
            request = Other() + " " + request;
        if (around >= 2)
            request = frames[Next(frames.Length)] + " " + request;
        if (around == 3)
            request = (Next(2) == 0 ? frames[Next(frames.Length)] : Other()) + " " + request;
        if (Next(4) == 0)
            request += " " + brief[Next(brief.Length)];
        return ($"{before}<|user|>{request}<|end|><|assistant|>", harmful);
    }

    private string Other() => Next(2) == 0 ? sentences[Next(sentences.Count)] : harmless[Next(harmless.Length)];

    // Knuth's MMIX generator: the same draws everywhere.
    private int Next(int bound)
    {
        state = (state * 6364136223846793005) + 1442695040888963407;
        return (int)(((state >> 33) * (ulong)bound) >> 31);
    }
}
