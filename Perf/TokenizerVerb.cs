using System.CommandLine;
using System.Text;
using Managed.Loader.Tokenizers;

namespace Managed.Perf;

/// <summary>`tokenizer`: how fast a vocabulary encodes and decodes texts of one million characters, pathological ones too.</summary>
internal static class TokenizerVerb
{
    private const int Characters = 1 << 20;
    private const int Runs = 3;

    public static Command Create()
    {
        var path = new Argument<string>("tokenizer") { Description = "a checkpoint, tokenizer.json, SentencePiece model or GGUF file" };
        var prose = new Option<string?>("--prose") { Description = "a text file to use for prose" };
        var only = new Option<string?>("--only") { Description = "the kind of text to measure, by its name; without it all" };
        var command = new Command("tokenizer", "Encodes and decodes a million characters of several kinds.") { path, prose, only };
        command.SetAction(parsed =>
        {
            Tokenizer tokenizer = null!;
            double seconds = Seconds(() => tokenizer = Tokenizer.Open(parsed.GetValue(path)!));
            Console.WriteLine($"opened in {seconds:F3} s, {tokenizer.VocabularySize:N0} tokens (times of the processor, the best of {Runs})");
            foreach (var (name, text) in Texts(parsed.GetValue(prose)))
                if (parsed.GetValue(only) is null || parsed.GetValue(only) == name)
                    Measure(tokenizer, name, text);
            return 0;
        });
        return command;
    }

    private static void Measure(Tokenizer tokenizer, string name, string text)
    {
        double encode = double.PositiveInfinity, decode = double.PositiveInfinity, stream = double.PositiveInfinity;
        int[] ids = [];
        for (int run = 0; run < Runs; run++)
        {
            encode = Math.Min(encode, Seconds(() => ids = tokenizer.Encode(text, addSpecialTokens: false).Ids));
            decode = Math.Min(decode, Seconds(() => tokenizer.Decode(ids, skipSpecialTokens: false)));
            stream = Math.Min(stream, Seconds(() =>
            {
                StreamingDecoder decoder = tokenizer.CreateStream(skipSpecialTokens: false);
                foreach (int id in ids)
                    _ = decoder.Append(id);
                _ = decoder.Flush();
            }));
        }

        double megabytes = Encoding.UTF8.GetByteCount(text) / 1e6;
        Console.WriteLine($"{name,-28} {megabytes,5:F2} MB  {ids.Length,9:N0} tokens  encode {encode,6:F3} s ({megabytes / encode,5:F1} MB/s)  decode {decode,6:F3} s  stream {stream,6:F3} s");
    }

    // The processor's time, not the clock's: other work on the machine then counts for little.
    private static double Seconds(Action action)
    {
        TimeSpan started = Environment.CpuUsage.TotalTime;
        action();
        return (Environment.CpuUsage.TotalTime - started).TotalSeconds;
    }

    private static IEnumerable<(string Name, string Text)> Texts(string? prose)
    {
        var random = new Random(1);
        yield return ("prose", Repeat(prose is null ? "In the valley of Thornvale the bees sleep until noon, and nobody who has tasted their honey asks why. " : File.ReadAllText(prose)));
        yield return ("source code", Repeat("    for (int i = 0; i < items.Count; i++)\n    {\n        total += items[i].Price * 1.19m; // with tax\n    }\n\n"));
        yield return ("random words", Text(_ => random.Next(6) == 0 ? " " : ((char)random.Next('a', 'z' + 1)).ToString()));
        yield return ("random Unicode", Text(_ => new Rune(RandomPoint(random)).ToString()));
        yield return ("Chinese", Text(_ => ((char)random.Next(0x4E00, 0x9FA6)).ToString()));
        yield return ("emoji", Text(_ => char.ConvertFromUtf32(random.Next(0x1F300, 0x1FA00))));
        yield return ("digits", Text(_ => ((char)random.Next('0', '9' + 1)).ToString()));
        yield return ("one random word", Text(_ => ((char)random.Next('a', 'z' + 1)).ToString()));
        yield return ("one word of one letter", new string('a', Characters));
        yield return ("spaces", new string(' ', Characters));
        yield return ("line feeds", new string('\n', Characters));
        yield return ("apostrophes", new string('\'', Characters));
        yield return ("angle brackets", Repeat("<|"));
        yield return ("combining marks", "e" + new string('\u0301', Characters - 1));
        yield return ("zero bytes", new string('\0', Characters));
    }

    private static int RandomPoint(Random random)
    {
        while (true)
        {
            int point = random.Next(0x110000);
            if (point is < 0xD800 or > 0xDFFF)
                return point;
        }
    }

    private static string Text(Func<int, string> character) => string.Concat(Enumerable.Range(0, Characters).Select(character));

    private static string Repeat(string piece)
    {
        var text = new StringBuilder(Characters + piece.Length);
        while (text.Length < Characters)
            text.Append(piece);
        return text.ToString(0, Characters);
    }
}
