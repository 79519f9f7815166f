import { describe, expect, it } from "vitest";
import { en } from "../src/i18n/en";
import { chooseLocale, type Key, translate, translateCount } from "../src/i18n/translate";
import { zh } from "../src/i18n/zh";

const keys = Object.keys(en) as Key[];
const parameters = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

describe("dictionaries", () => {
  it("have the same keys", () => {
    expect(Object.keys(zh).sort()).toEqual([...keys].sort());
  });

  it.each(keys)("%s is written in both languages and takes the same parameters", (key) => {
    expect(en[key].trim()).not.toBe("");
    expect(zh[key].trim()).not.toBe("");
    expect(parameters(zh[key])).toEqual(parameters(en[key]));
  });

  it.each(keys)("%s is Chinese in Chinese and not so in English", (key) => {
    const words = zh[key].replace(/\{\w+\}/g, "").replace(/[\s/·]/g, "");
    if (words !== "") expect(words).toMatch(/\p{Script=Han}/u);
    expect(en[key]).not.toMatch(/\p{Script=Han}/u);
  });

  it.each(keys.filter((key) => key.endsWith(".one")))("%s has its form for more", (key) => {
    expect(keys).toContain(key.replace(/\.one$/, ".other"));
  });
});

describe("translate", () => {
  it("fills parameters in", () => {
    expect(translate(en, "documents.select", { name: "$& {name}.xlsx" })).toBe("Select $& {name}.xlsx");
  });

  it("leaves a parameter that is not given", () => {
    expect(translate(en, "documents.select")).toBe("Select {name}");
  });

  it("counts as each language does", () => {
    expect(translateCount(en, "en", "documents.count", 1)).toBe("1 document");
    expect(translateCount(en, "en", "documents.count", 0)).toBe("0 documents");
    expect(translateCount(zh, "zh-CN", "documents.count", 1200)).toBe("共 1,200 个文档");
  });
});

describe("chooseLocale", () => {
  it.each([
    ["en", ["zh-CN"], "en"],
    ["zh-CN", ["en-GB"], "zh-CN"],
    [null, ["zh-TW", "en"], "zh-CN"],
    [null, ["de", "zh"], "zh-CN"],
    [null, ["en-US", "zh"], "en"],
    [null, ["fr"], "en"],
    [null, [], "en"],
    ["xx", ["zh"], "zh-CN"],
  ] as const)("remembered %j, browser %j: %s", (remembered, browser, expected) => {
    expect(chooseLocale(remembered, browser)).toBe(expected);
  });
});
