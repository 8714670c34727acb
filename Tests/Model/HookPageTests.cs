using System.Text;
using Managed.Hooks;

namespace Managed.Tests.Models;

/// <summary>docs/hooks.md is written from the tables that the engine itself uses.</summary>
public class HookPageTests
{
    private static string Page { get; } = Path.Combine(SharedFolder.Repository, "docs", "hooks.md");

    [Test]
    public void The_page_of_hook_points_says_what_the_engine_does()
    {
        string text = Write();
        if (Environment.GetEnvironmentVariable("MANAGED_WRITE_DOCS") == "1")
            File.WriteAllText(Page, text);
        Assert.That(File.ReadAllText(Page), Is.EqualTo(text), "run the tests with MANAGED_WRITE_DOCS=1 to write the page again");
    }

    private static string Write()
    {
        var page = new StringBuilder();
        page.Append("""
            # Hook points

            Every place in the forward pass that can be read, edited and replaced. Names are TransformerLens'.
            Axes: t tokens, d residual stream, h heads, kv key heads, dk and dv head dimensions, q queries, k keys,
            m MLP, e experts, c chosen experts, v vocabulary. There is no batch axis.
            This page is written from the engine's own tables; a test holds the two together.

            ## Outside the blocks

            | name | axes | other names |
            |---|---|---|

            """);
        Rows(page, perLayer: false);
        page.Append("""

            ## In each block, after `blocks.{i}.`

            | name | axes | other names |
            |---|---|---|

            """);
        Rows(page, perLayer: true);
        page.Append("""

            ## How names are read

            - `blocks.3.hook_resid_post`: one point. A negative layer counts from the last.
            - `resid_post`: the point of every layer that has it.
            - `resid_post3`, `resid_post.3`, `resid_post[3]`, `pre5`, `scale4ln1`: one layer.
            - `blocks.*.attn.hook_pattern`, `*`: every point that matches.
            - A name that the loaded model lacks is an error that says why and names the closest ones.

            ## Where tools differ

            - `hook_attn_out` and `hook_mlp_out` are what joins the residual stream: after a post-norm (Gemma 2 and 3, GLM-4, OLMo 2 and 3,
              EXAONE 4) and after Granite's multiplier. `attn.hook_out` and `mlp.hook_out` are the sublayer's raw output.
            - `hook_attn_in` and `hook_mlp_in` lie before the norm; `attn.hook_in` and `mlp.hook_in` are what the sublayer reads.
            - `hook_normalized` is before the gain, `hook_scale` is the divisor.
            - `hook_q` and `hook_k` lie before a norm on queries and keys and before the rotation. `attn.q_norm` and `attn.k_norm` keep tokens
              and heads apart, which TransformerLens lays into one axis; where one norm spans all heads (OLMo 2 and 3) they are t 1 and t h·dk.
            - `hook_rot_k` holds the keys of this step; keys already in the cache are not shown again.
            - `hook_attn_in`, `hook_q_input`, `hook_k_input`, `hook_v_input` and `hook_result` are laid out only when somebody asks; the projections
              are computed again from them only when a hook has changed them.

            """);
        return page.ToString().ReplaceLineEndings("\n");
    }

    private static void Rows(StringBuilder page, bool perLayer)
    {
        foreach (HookPointInfo info in HookPointTable.All.Where(info => info.PerLayer == perLayer).OrderBy(info => info.Point))
        {
            IEnumerable<string> others = HookAliases.Bridge.Where(pair => pair.Value == info.Point).Select(pair => $"`{pair.Key}`")
                .Concat(HookAliases.Short.Where(pair => pair.Value == info.Point).Select(pair => $"`{pair.Key}`"));
            page.Append($"| `{info.Name}` | {info.Axes} | {string.Join(", ", others)} |\n");
        }
    }
}
